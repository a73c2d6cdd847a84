"""The whole method, one step after the other, on the world of puppets that a config describes."""

import copy
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from .config import recipe_of
from .evaluate import evaluate
from .proposal_evaluation import evaluate_stored_proposals
from .proposals import generate_proposals
from .puppets import make_puppets
from .train import train

COMPARED_LINKERS = ("siamese", "viterbi")


def run_demo(config: Config, linkers: Sequence[str] = COMPARED_LINKERS) -> dict[str, dict[str, float]]:
    """Draw the puppets, make the proposals of several linkers, train with those of the config's own, test, and draw.

    What is there already is not made again, but for the training. Pictures land in ``pictures`` of the work directory.

    Args:
        config: as ``load_config`` returns it.
        linkers: names among ``proposals.linkers``, whose recall is compared.

    Returns:
        Recall of each linker, by its name, and the numbers of the test, as ``test``.
    """
    make_puppets(config)
    stores = []
    for linker in linkers:
        of_linker = copy.deepcopy(config)
        of_linker.proposals.linker = linker
        generate_proposals(of_linker)
        stores.append(recipe_of(of_linker).tubes.folder)
    recalls = evaluate_stored_proposals(config, stores)
    results = {name.split("/")[-1]: evaluation.numbers for name, evaluation in recalls.items()}
    train(config)
    work_dir = Path(config.work_dir)
    checkpoint = Path((work_dir / "last_checkpoint").read_text().strip())
    results["test"] = evaluate(config, checkpoint, overlays=work_dir / "pictures").numbers
    return results

"""The world of puppets that a config describes, and the whole method on it."""

import copy
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from actorsup.engine.config import proposal_config_of
from actorsup.engine.features import extract_features, initial_encoder
from actorsup.engine.proposals import evaluate_stored_proposals, generate_proposals
from actorsup.engine.test import evaluate
from actorsup.engine.train import latest_checkpoint, train
from actorsup.errors import InputError
from actorsup.progress import progress_bar

from .script import WorldSettings, WorldSizes
from .world import PuppetWorld


def make_puppets(config: Config, num_processes: int | None = None) -> Path:
    """Draw the world of a config's ``puppets`` on ``num_processes`` (see ``PuppetWorld.write``); return its folder.

    ``puppets = dict(root=<folder>, settings=<of WorldSettings>, sizes=<of WorldSizes>)``. A world that is there stays.
    """
    if config.get("puppets", {}).keys() != {"root", "settings", "sizes"}:
        expected = "puppets = dict(root=…, settings=dict(…), sizes=dict(…))"
        raise InputError(f"{config.filename}: needs {expected}; configs/_base_/datasets/puppets.py has them")
    world = PuppetWorld(_built(WorldSettings, config.puppets.settings), _built(WorldSizes, config.puppets.sizes))
    root = Path(config.puppets.root)
    if not world.is_written(root):
        with progress_bar("puppets", world.num_parts, unit="parts") as progress:
            for name in world.write(root, num_processes):
                progress.show(name)
                progress.advance(1)
    return root


def run_demo(config: Config, linkers: Sequence[str] = ("siamese", "viterbi")) -> dict[str, dict[str, float]]:
    """Draw the puppets, make the proposals of several linkers, train with those of the config's own, and test.

    Features are stored first, if the config has ``features``.

    What is there already is not made again, but for the training. Pictures land in ``pictures`` of the work directory.
    The result is the recall of each linker, by its name, and the numbers of the test, as ``test``.
    """
    if config.get("features"):
        initial_encoder(config)  # what it lacks is said at once, not after minutes
    make_puppets(config)
    stores = []
    for linker in linkers:
        of_linker = copy.deepcopy(config)
        of_linker.proposals.linker = linker
        generate_proposals(of_linker)
        stores.append(proposal_config_of(of_linker).tubes.folder)
    recalls = evaluate_stored_proposals(config, stores)
    results = {name.split("/")[-1]: evaluation.numbers for name, evaluation in recalls.items()}
    work_dir = Path(config.work_dir)
    if config.get("features"):
        extract_features(config)
    train(config)
    results["test"] = evaluate(config, latest_checkpoint(work_dir), overlays=work_dir / "pictures").numbers
    return results


def _built(settings: type, values: dict):
    try:
        return settings(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
    except TypeError as error:
        raise InputError(f"puppets: {error}; {settings.__name__} says what there is") from error

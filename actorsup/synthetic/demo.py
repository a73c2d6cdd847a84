"""The world of puppets that a config describes, and the whole method on it."""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from mmengine.config import Config

from actorsup.engine.config import dataset_configs, plain_dataset, proposal_config_of
from actorsup.engine.features import extract_features, initial_encoder
from actorsup.engine.proposals import evaluate_stored_proposals, generate_proposals
from actorsup.engine.test import evaluate
from actorsup.engine.train import latest_checkpoint, train
from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.progress import progress_bar
from actorsup.visualization import DrawnTube, contact_sheet, draw_tubes, equal_steps, save_picture

from .script import WorldSettings, WorldSizes
from .world import PuppetWorld

NUM_SHOWN = 12  # videos in a grid


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


def run_demo(
    config: Config,
    linkers: Sequence[str] = ("siamese", "viterbi"),
    on_picture: Callable[[str, Path], object] = lambda title, path: None,
) -> dict[str, dict[str, float]]:
    """Draw the puppets, make the proposals of several linkers, train with those of the config's own, and test.

    Features are stored first, if the config has ``features``.

    What is there already is not made again, but for the training. Pictures land in ``pictures`` of the work directory.
    ``on_picture`` is called with title and path of each grid of videos, ``proposals.png`` and ``found.png``, once it is
    there. The result is the recall of each linker, by its name, and the numbers of the test, as ``test``.
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
    save_picture(work_dir / "proposals.png", proposal_grid(config))
    on_picture("proposals of test videos, true tubes dashed", work_dir / "proposals.png")
    if config.get("features"):
        extract_features(config)
    train(config)
    pictures = work_dir / "pictures"
    results["test"] = evaluate(config, latest_checkpoint(work_dir), overlays=pictures).numbers
    rows = sorted(pictures.glob("**/*.png"))
    shown = [cv2.imread(str(rows[index]))[..., ::-1] for index in equal_steps(len(rows), NUM_SHOWN)]
    save_picture(work_dir / "found.png", contact_sheet(shown, num_columns=2, height=150))
    on_picture("what was found in test videos, true tubes dashed", work_dir / "found.png")
    return results


def proposal_grid(config: Config, num_tubes: int = 5) -> np.ndarray:
    """The middle frame of some test videos with their first proposals and the true tubes, ``(H, W, 3)`` uint8, RGB."""
    settings = next(dataset_configs(config, ["test_dataloader"]))
    dataset = plain_dataset(settings)
    truth, paths, store = dataset.format.annotated(), dataset.videos(), proposal_config_of(config).tubes
    pictures = []
    for index in equal_steps(len(paths), NUM_SHOWN):
        name, path = paths[index]
        proposals = store.load(name)
        middle = proposals.num_frames // 2
        tubes = [DrawnTube.truth(tube) for tube in truth[name].tubes_at(proposals.size)]
        first = enumerate(proposals.tubes[:num_tubes])
        tubes += [DrawnTube.ranked(tube, rank, f"{rank + 1}: {tube.score:.2f}") for rank, tube in first]
        (frame,) = open_video(path, settings.get("reader")).frames_at([middle])
        pictures.append(draw_tubes(frame, middle, tubes, name))
    return contact_sheet(pictures)


def _built(settings: type, values: dict):
    try:
        return settings(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
    except TypeError as error:
        raise InputError(f"puppets: {error}; {settings.__name__} says what there is") from error

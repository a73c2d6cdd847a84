"""Making the proposals that a config describes, and measuring them."""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process

from actorsup.datasets import VideoDataset
from actorsup.errors import InputError
from actorsup.evaluation.functional import evaluate_proposals
from actorsup.proposals import GenerationReport, ProposalGenerator
from actorsup.proposals.progress import progress_bar
from actorsup.registry import DATASETS
from actorsup.structures import Tube

from .config import dataset_configs, recipe_of, with_proposals
from .launch import init_distributed
from .results import save_json


def generate_proposals(config: Config) -> GenerationReport:
    """Make the proposals of every video of the config's data sets that has none yet.

    Writes ``proposal_generation.json`` into the work directory.
    """
    recipe = recipe_of(config)
    videos: dict[str, Path] = {}
    for settings in dataset_configs(config):
        dataset = DATASETS.build({**settings, "tube_store": None, "pipeline": []})
        videos |= dict(dataset.videos())
    init_distributed(config, backend="gloo")
    report = ProposalGenerator(recipe).run(sorted(videos.items()))
    if is_main_process():
        save_json(Path(config.work_dir) / "proposal_generation.json", vars(report))
    return report


def evaluate_stored_proposals(config: Config) -> tuple[dict[str, float], list[dict]]:
    """Recall of the stored proposals of the config's test videos.

    Writes ``proposal_metrics.json`` into the work directory: an entry for each detector and linker that was measured.

    Returns:
        The numbers, and one row a class.
    """
    init_distributed(config)
    recipe = recipe_of(config)
    datasets = [
        DATASETS.build({**settings, "pipeline": []})
        for settings in dataset_configs(with_proposals(config), ["test_dataloader"])
    ]
    videos = chain.from_iterable(_tubes_and_truth(dataset) for dataset in datasets)
    numbers, per_class = evaluate_proposals(videos, datasets[0].metainfo["classes"])
    if not is_main_process():
        return numbers, per_class
    path = Path(config.work_dir) / "proposal_metrics.json"
    try:
        measured = json.loads(path.read_text()) if path.exists() else {}
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); move it away") from error
    entry = {"store": str(datasets[0].tube_store.folder), "metrics": numbers, "per_class": per_class}
    save_json(path, {**measured, f"{recipe.detector_name}/{recipe.linker_name}": entry})
    return numbers, per_class


def _tubes_and_truth(dataset: VideoDataset) -> Iterator[tuple[str, tuple[Tube, ...], tuple[Tube, ...]]]:
    """Name, proposals and true tubes of every video, behind a progress bar."""
    with progress_bar("evaluation", len(dataset), unit="tubes", enabled=is_main_process()) as progress:
        for index, (name, _) in enumerate(dataset.videos()):
            tubes = dataset.tube_store.load(name).tubes
            yield name, tubes, dataset.ground_truth(index)
            progress.advance(len(tubes))

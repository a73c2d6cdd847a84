"""Making the proposals that a config describes."""

from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process

from actorsup.proposals import GenerationReport, ProposalGenerator
from actorsup.registry import DATASETS

from .config import dataset_configs, recipe_of
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

"""Reading a config, and what follows from it for the data sets."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path

from mmengine.config import Config, ConfigDict

from actorsup.errors import InputError
from actorsup.proposals import ProposalRecipe

DATALOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")


def load_config(
    path: str | Path,
    work_dir: str | Path | None = None,
    options: Mapping | None = None,
    launcher: str = "none",
) -> Config:
    """Read a config file.

    Args:
        path: the config.
        work_dir: where results go; None takes the config's ``work_dir``, or ``work_dirs/<name of the config>``.
        options: settings to replace, by dotted name.
        launcher: of distributed processes, as mmengine names them.

    Raises:
        InputError: if there is no such file.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: no such config")
    config = Config.fromfile(path)
    if options:
        config.merge_from_dict(dict(options))
    config.work_dir = str(work_dir or config.get("work_dir") or Path("work_dirs") / Path(path).stem)
    config.launcher = launcher
    return config


def dataset_configs(config: Config) -> Iterator[ConfigDict]:
    """The configs of all data sets, inside wrappers such as ``RepeatDataset``."""
    for name in DATALOADERS:
        if config.get(name) is not None:
            dataset = config[name].dataset
            while "dataset" in dataset:
                dataset = dataset.dataset
            yield dataset


def with_proposals(config: Config) -> Config:
    """The config, in which every data set without a ``tube_store`` of its own has the one of ``config.proposals``.

    The choice of detector and linker is so made in one place. Samples made by another configuration are an error.
    """
    config = copy.deepcopy(config)
    recipe = ProposalRecipe.from_config(config.proposals)
    for dataset in dataset_configs(config):
        if dataset.get("tube_store") is None:
            dataset.tube_store = {"folder": str(recipe.tubes.folder), "made_by": recipe.tubes.fingerprint.made_by}
    return config

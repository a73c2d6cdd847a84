"""Training from video labels."""

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from actorsup.errors import InputError
from actorsup.registry import DATASETS

from .config import with_proposals
from .launch import init_distributed


def train(config: Config, resume: bool = False, amp: bool = False) -> Runner:
    """Train the model of a config on its videos' labels and stored proposals.

    Args:
        config: as ``load_config`` returns it.
        resume: go on from the latest checkpoint in the work directory.
        amp: automatic mixed precision.

    Returns:
        The runner, after its last epoch.

    Raises:
        InputError: before anything is written, if files are missing; the message lists them all.
    """
    config = with_proposals(config)
    require_files(config.train_dataloader.dataset)
    if amp:
        if not torch.cuda.is_available():
            raise InputError("--amp needs a GPU, which torch does not find; leave it out")
        config.optim_wrapper.type = "AmpOptimWrapper"
        config.optim_wrapper.loss_scale = "dynamic"
    config.resume = resume
    init_distributed(config.launcher)
    runner = Runner.from_cfg(config)
    runner.train()
    return runner


def require_files(dataset: Config) -> None:
    """Raise ``InputError`` if what a data set reads is missing: quickly, before a Runner begins to write."""
    while "dataset" in dataset:
        dataset = dataset.dataset
    built = DATASETS.build({**dataset, "pipeline": [], "lazy_init": True})
    built.require_files()

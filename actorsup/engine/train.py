"""Train what a config describes."""

import torch
from mmengine.config import Config
from mmengine.runner import Runner, find_latest_checkpoint

from actorsup.detectors.mmcv_compatibility import provide_mmcv_operators
from actorsup.errors import InputError

from .config import require_annotation, require_files, with_proposals
from .launch import init_distributed


def train(config: Config, resume: bool = False, amp: bool = False) -> Runner:
    """Train the model of a config on its videos' labels and stored proposals; return the runner after its last epoch.

    A config without ``proposals``, such as a detector's, is given to mmengine's Runner as it is. ``resume`` goes on
    from the latest checkpoint in the work directory; ``amp`` is automatic mixed precision. Missing files are an error
    before anything is written.
    """
    if "proposals" in config:
        config = with_proposals(config)
        require_files(config, "train_dataloader")
        if config.get("val_dataloader") is not None:
            require_files(config, "val_dataloader")
    else:
        require_annotation(config, "train_dataloader")
    if config.get("default_scope") == "mmdet":
        provide_mmcv_operators()
    if amp:
        if not torch.cuda.is_available():
            raise InputError("--amp needs a GPU, which torch does not find; leave it out")
        config.optim_wrapper.type = "AmpOptimWrapper"
        config.optim_wrapper.loss_scale = "dynamic"
    if resume and find_latest_checkpoint(config.work_dir) is None:
        raise InputError(f"--resume: there is no checkpoint in {config.work_dir} to go on from")
    config.resume = resume
    init_distributed(config)
    runner = Runner.from_cfg(config)
    runner.train()
    return runner

"""Train what a config describes."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.config import Config
from mmengine.runner import Runner, find_latest_checkpoint

from actorsup.detectors.mmcv_compatibility import provide_mmcv_operators
from actorsup.errors import InputError
from actorsup.io.checkpoints import read_checkpoint
from actorsup.registry import MODELS

from .checkpoint_match import require_fit
from .config import dataset_configs, plain_dataset, require_annotation, require_files, with_proposals
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
        classes = _require_learnable(config)
    else:
        require_annotation(config, "train_dataloader")
    if config.get("default_scope") == "mmdet":
        provide_mmcv_operators()
    if amp:
        if not torch.cuda.is_available():
            raise InputError("--amp needs a GPU, which torch does not find; leave it out")
        config.optim_wrapper.type = "AmpOptimWrapper"
        config.optim_wrapper.loss_scale = "dynamic"
    if resume:
        checkpoint = find_latest_checkpoint(config.work_dir)
        if checkpoint is None:
            raise InputError(f"--resume: there is no checkpoint in {config.work_dir} to go on from")
        loaded = read_checkpoint(checkpoint, owner="--resume")
        if "proposals" in config:
            _require_same_training(config, checkpoint, loaded, classes)
    if config.get("load_from"):  # mmengine would run what is in a checkpoint that holds more than data
        read_checkpoint(str(config.load_from), owner="load_from")
    config.resume = resume
    init_distributed(config)
    runner = Runner.from_cfg(config)
    runner.train()
    return runner


def _require_learnable(config: Config) -> tuple[str, ...]:
    """The classes to be learnt, which are at least two, and as many as the model has."""
    settings = next(dataset_configs(config, ["train_dataloader"]))
    classes = tuple(settings.get("classes") or plain_dataset(settings, lazy_init=True).format.metainfo()["classes"])
    num_classes = config.model.get("head", {}).get("num_classes")
    if len(classes) < 2:
        raise InputError(
            f"the training dataset has one class, {classes[0]}: there is nothing to tell apart, and every loss is 0. "
            "Add videos of another action, or of none, as a class of their own"
        )
    if num_classes not in (None, len(classes)):
        raise InputError(
            f"the model has {num_classes} classes, the training dataset {len(classes)} ({_first(classes)}); set "
            f"model.head.num_classes={len(classes)}"
        )
    return classes


def _require_same_training(config: Config, path: str, checkpoint: Mapping, classes: Sequence[str]) -> None:
    """Raise ``InputError`` with the differences if a checkpoint is of another model or of other classes."""
    with torch.random.fork_rng():
        model = MODELS.build(config.model)
    require_fit(path, checkpoint, model, config, classes)


def _first(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")

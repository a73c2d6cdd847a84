"""Train what a config describes."""

import logging
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.fileio import LocalBackend, register_backend
from mmengine.logging import print_log
from mmengine.runner import Runner

from actorsup.detectors.mmcv_compatibility import provide_mmcv_operators
from actorsup.errors import InputError
from actorsup.io.checkpoints import read_checkpoint
from actorsup.io.files import save
from actorsup.registry import MODELS

from .checkpoint_match import require_fit
from .config import (
    dataset_configs,
    plain_dataset,
    require_annotation,
    require_files,
    require_work_dir,
    with_frame_cache,
    with_proposals,
)
from .features import with_features
from .launch import init_distributed
from .runner import ConsoleRunner
from .words import with_words


@register_backend("whole_files", force=True)
class WholeFiles(LocalBackend):
    """Local files that appear whole or not at all; mmengine's own writes a checkpoint in place."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes."""
        save(filepath, obj)


def train(config: Config, resume: bool = False, amp: bool = False) -> Runner:
    """Train the model of a config on its videos' labels and stored proposals; return the runner after its last epoch.

    With ``features`` in the config, the videos' stored features stand for their frames; with ``frame_cache`` the frames
    are decoded once.
    A config without ``proposals``, such as a detector's, is given to mmengine's Runner as it is. ``resume`` goes on
    from the latest checkpoint in the work directory; ``amp`` is automatic mixed precision. Missing files are an error
    before anything is written.
    """
    require_work_dir(config)
    if "proposals" in config:
        config = with_proposals(config)
        require_files(config, "train_dataloader")
        if config.get("val_dataloader") is not None:
            require_files(config, "val_dataloader")
        classes = _require_learnable(config)
        config = with_words(config, classes)
    else:
        require_annotation(config, "train_dataloader")
    if config.get("default_scope") == "mmdet":
        provide_mmcv_operators()
    if amp:
        if not torch.cuda.is_available():
            raise InputError("--amp needs a GPU, which torch does not find; leave it out")
        config.optim_wrapper.type = "AmpOptimWrapper"
        config.optim_wrapper.loss_scale = "dynamic"
    loaded = None
    if resume:
        checkpoint = latest_checkpoint(config.work_dir)
        if checkpoint is None:
            raise InputError(f"--resume: there is no checkpoint in {config.work_dir} to go on from")
        loaded = read_checkpoint(checkpoint, owner="--resume")
        if "proposals" in config:
            _require_same_training(config, checkpoint, loaded, classes)
        config.load_from = checkpoint
    elif config.get("load_from"):  # mmengine would run what is in a checkpoint that holds more than data
        loaded = read_checkpoint(str(config.load_from), owner="load_from")
    if "proposals" in config:
        dataloaders = [name for name in ("train_dataloader", "val_dataloader") if config.get(name) is not None]
        config = with_features(config, dataloaders, loaded)
        if config.get("features") is None:
            config = with_frame_cache(config)
    config.resume = resume
    _drop_hooks(config)
    _warn_of_the_clock(config.work_dir)
    _write_whole_checkpoints(config)
    init_distributed(config)
    runner = ConsoleRunner.from_cfg(config)
    runner.train()
    return runner


def latest_checkpoint(work_dir: str | Path) -> str | None:
    """The checkpoint that a training in this folder goes on from; None if there is none.

    That is what ``last_checkpoint`` names. mmengine writes this file in place: where a kill has left it empty, or not
    let it come, it is the checkpoint of the highest number.
    """
    named = Path(work_dir) / "last_checkpoint"
    if named.is_file() and (path := named.read_text().strip()) and Path(path).exists():
        return path
    found = ((re.fullmatch(r"(?:epoch|iter)_(\d+)", path.stem), str(path)) for path in Path(work_dir).glob("*.pth"))
    return max(((int(match[1]), path) for match, path in found if match), default=(0, None))[1]


def _warn_of_the_clock(work_dir: str | Path) -> None:
    """Say so if a training before has begun later than now: reports order their logs by these times."""
    now = time.strftime("%Y%m%d_%H%M%S")  # as mmengine names the folder of a log
    later = [path.name for path in sorted(Path(work_dir).glob("*_*")) if re.fullmatch(r"\d{8}_\d{6}", path.name)]
    if later and later[-1] > now:
        print_log(
            f"{work_dir}: holds the log of a training that began at {later[-1]}, and now it is {now}: was the clock "
            "set back? In a report that log may hide this one; move it away",
            logger="current",
            level=logging.WARNING,
        )


def _drop_hooks(config: Config) -> None:
    """Leave out hooks that are None: mmengine knows this of its own alone."""
    own = {"runtime_info", "timer", "sampler_seed", "logger", "param_scheduler", "checkpoint"}
    hooks = config.get("default_hooks") or {}
    for name in [name for name, hook in hooks.items() if hook is None and name not in own]:
        del hooks[name]


def _write_whole_checkpoints(config: Config) -> None:
    """Have the checkpoints written whole, unless the config says where to."""
    hooks = config.setdefault("default_hooks", {})
    checkpoint = hooks.setdefault("checkpoint", {"type": "CheckpointHook", "interval": 1})
    if checkpoint is not None:
        checkpoint.setdefault("backend_args", {"backend": "whole_files"})


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

"""Checkpoints, read without running what is inside them, and loaded into models."""

import re
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from mmengine.logging import print_log
from mmengine.runner.checkpoint import get_external_models
from torch import nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

from actorsup.errors import InputError

WRAPPER = "module."  # what DistributedDataParallel calls the model inside it

OPENMMLAB = ("open-mmlab://", "openmmlab://")

_core = np._core.multiarray
_DTYPE_CODES = "?bhilqBHILQefdUS"


class _LogHistory:
    """Stands in for mmengine's ``HistoryBuffer``, whose content only the training that wrote it needs."""

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)


def _no_attribute(owner: type, name: str) -> None:
    """Stands in for ``getattr``, by which mmengine spells the methods of its ``HistoryBuffer``."""


ALLOWED = [
    np.ndarray,
    np.dtype,
    *dict.fromkeys(type(np.dtype(code)) for code in _DTYPE_CODES),
    (_LogHistory, "mmengine.logging.history_buffer.HistoryBuffer"),
    (_no_attribute, "builtins.getattr"),
    # numpy 2 renamed its core.
    *(
        (getattr(_core, name), f"{core}.multiarray.{name}")
        for core in ("numpy.core", "numpy._core")
        for name in ("_reconstruct", "scalar")
    ),
]


def load_checkpoint_file(checkpoint: str):
    """The content of a checkpoint, on the CPU: tensors, numpy arrays and builtin containers.

    A pickle is a program: whoever unpickles a file from the web runs it. Here it can name a few types; where it names
    anything else, mmengine would load it all the same, and this does not.

    Args:
        checkpoint: a path; or an ``http`` or ``https`` address, or ``open-mmlab://<name>`` of a model that mmengine
            knows, which is downloaded once into torch.hub's cache.

    Raises:
        ValueError: if mmengine knows no such model.
        OSError, RuntimeError, pickle.UnpicklingError: if it cannot be downloaded or read, or names anything else. Bytes
            that are no checkpoint can raise nearly anything.
    """
    checkpoint = resolve_address(checkpoint)
    with torch.serialization.safe_globals(ALLOWED):
        if checkpoint.startswith(("http://", "https://")):
            return torch.hub.load_state_dict_from_url(checkpoint, map_location="cpu", weights_only=True)
        return torch.load(checkpoint, map_location="cpu", weights_only=True)


def resolve_address(checkpoint: str) -> str:
    """The address that ``open-mmlab://<name>`` stands for; anything else as it is.

    Raises:
        ValueError: if mmengine knows no such model.
    """
    for prefix in OPENMMLAB:
        if checkpoint.startswith(prefix):
            addresses = get_external_models()
            name = checkpoint.removeprefix(prefix)
            if name not in addresses:
                raise ValueError(f"mmengine knows no model {name!r}")
            return addresses[name]
    return checkpoint


def load_checkpoint(model: nn.Module, checkpoint: str, owner: str, part: str | None = None) -> dict:
    """Load all weights of a model from a checkpoint.

    What the checkpoint holds beyond them (averages of an EMA, buffers of a preprocessor) is logged and left aside.

    Args:
        model: gets the weights.
        checkpoint: a file, or a URL, which is downloaded once.
        owner: what the weights are for, for messages.
        part: the attribute by which a larger model, the one that was trained, holds ``model``: from a checkpoint of
            that one its part is taken.

    Returns:
        The checkpoint's ``meta``; empty where it has none.

    Raises:
        InputError: if there is no such file, it cannot be downloaded or read, or lacks a weight of the model.
    """
    if "://" not in checkpoint and not Path(checkpoint).is_file():
        raise InputError(
            f"checkpoint {checkpoint} of {owner}: no such file; obtain the one that belongs to it and give its path"
        )
    loaded = read_checkpoint(checkpoint, owner)
    state = loaded.get("state_dict", loaded)
    prefix = f"{part}."
    if part is not None and any(name.startswith(prefix) for name in state):
        state = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    try:
        missing, unexpected = model.load_state_dict(state, strict=False)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise InputError(f"checkpoint {checkpoint} does not fit {owner}: {error}") from error
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing:
        raise InputError(
            f"checkpoint {checkpoint} does not fit {owner}: it lacks {len(missing)} of {len(model.state_dict())} "
            f"weights, first {missing[:3]}; it has {list(state)[:3]} …"
        )
    if unexpected:
        print_log(f"{checkpoint}: left aside {len(unexpected)} entries, first {unexpected[:3]}", logger="current")
    return loaded.get("meta", {})


def read_checkpoint(checkpoint: str, owner: str) -> dict:
    """The content of a checkpoint, a file or a URL, on the CPU; see ``load_checkpoint``. Nothing in it is run.

    Weights that torch's wrapper for distributed training saved lose the ``module.`` that it puts before every name.
    """
    try:
        loaded = load_checkpoint_file(checkpoint)
    except UnpicklingError as error:
        refused = re.search(r"GLOBAL (\S+)", str(error))
        if refused is None:
            raise InputError(f"checkpoint {checkpoint} of {owner} cannot be downloaded or read: {error}") from error
        raise InputError(
            f"checkpoint {checkpoint} of {owner} is refused, because it would load {refused[1]}; a checkpoint holds "
            "tensors, numpy arrays and builtin containers only"
        ) from error
    except Exception as error:  # unpickling a file that is no checkpoint can raise anything
        raise InputError(
            f"checkpoint {checkpoint} of {owner} cannot be downloaded or read: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(loaded, dict):
        raise InputError(f"checkpoint {checkpoint} of {owner} holds a {type(loaded).__name__}, expected a dict")
    state = loaded.get("state_dict", loaded)
    if not isinstance(state, dict):
        raise InputError(f"checkpoint {checkpoint} of {owner}: its state_dict is a {type(state).__name__}, no dict")
    if all(isinstance(name, str) and name.startswith(WRAPPER) for name in state):
        consume_prefix_in_state_dict_if_present(state, WRAPPER)
    return loaded

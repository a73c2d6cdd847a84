"""Checkpoints, read without running their code, and loaded into models."""

import re
from collections.abc import Callable
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


class _LogHistory:
    """Stands in for mmengine's ``HistoryBuffer``, which only the training that wrote it needs."""

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)


def _no_attribute(owner: type, name: str) -> None:
    """Stands in for ``getattr``, by which mmengine spells the methods of its ``HistoryBuffer``."""


ALLOWED = [
    np.ndarray,
    np.dtype,
    *{type(np.dtype(code)) for code in "?bhilqBHILQefdUS"},
    (_LogHistory, "mmengine.logging.history_buffer.HistoryBuffer"),
    (_no_attribute, "builtins.getattr"),
    *(
        (getattr(np._core.multiarray, name), f"numpy.{core}.multiarray.{name}")
        for core in ("core", "_core")  # numpy 2 renamed it
        for name in ("_reconstruct", "scalar")
    ),
]


def resolve_address(checkpoint: str) -> str:
    """The address of ``open-mmlab://<name>``, a ``ValueError`` if mmengine has none; anything else as it is."""
    prefix, _, name = checkpoint.partition("://")
    if prefix not in ("open-mmlab", "openmmlab"):
        return checkpoint
    addresses = get_external_models()
    if name not in addresses:
        raise ValueError(f"mmengine knows no model {name!r}")
    return addresses[name]


def read_checkpoint(checkpoint: str, owner: str) -> dict:
    """The content of a checkpoint, on the CPU: tensors, numpy arrays and builtin containers.

    A checkpoint that names any other type is refused, because unpickling it could run code. Weights that
    ``DistributedDataParallel`` saved lose its prefix ``module.``.

    Args:
        checkpoint: a path; or an ``http`` or ``https`` address, or ``open-mmlab://<name>`` of a model that mmengine
            knows, which is downloaded once into torch.hub's cache.
        owner: what the checkpoint is for, for messages.

    Raises:
        InputError: if it cannot be downloaded or read, names another type, or is no dictionary.
    """
    of_owner = f"checkpoint {checkpoint} of {owner}"
    try:
        address = resolve_address(checkpoint)
        is_remote = address.startswith(("http://", "https://"))
        load = torch.hub.load_state_dict_from_url if is_remote else torch.load
        with torch.serialization.safe_globals(ALLOWED):
            loaded = load(address, map_location="cpu", weights_only=True)
    except Exception as error:  # unpickling a file that is no checkpoint can raise anything
        refused = re.search(r"GLOBAL (\S+)", str(error)) if isinstance(error, UnpicklingError) else None
        if refused is None:
            raise InputError(f"{of_owner} cannot be downloaded or read: {type(error).__name__}: {error}") from error
        allowed = "a checkpoint holds tensors, numpy arrays and builtin containers only"
        raise InputError(f"{of_owner} is refused, because it would load {refused[1]}; {allowed}") from error
    if not isinstance(loaded, dict):
        raise InputError(f"{of_owner} holds a {type(loaded).__name__}, expected a dict")
    state = loaded.get("state_dict", loaded)
    if not isinstance(state, dict):
        raise InputError(f"{of_owner}: its state_dict is a {type(state).__name__}, no dict")
    if all(isinstance(name, str) and name.startswith(WRAPPER) for name in state):
        consume_prefix_in_state_dict_if_present(state, WRAPPER)
    return loaded


def load_checkpoint(
    model: nn.Module,
    checkpoint: str,
    owner: str,
    part: str | None = None,
    rename: Callable[[dict], dict] | None = None,
) -> dict:
    """Load all weights of a model by ``read_checkpoint``; give the checkpoint's ``meta``, empty where it has none.

    Entries beyond the weights are logged and left aside. ``part`` is the attribute by which a larger model holds
    ``model``: from a checkpoint of that one its part is taken. ``rename`` gives the state dict the model's own names.

    Raises:
        InputError: if the checkpoint cannot be read, or lacks a weight of the model.
    """
    if "://" not in checkpoint and not Path(checkpoint).is_file():
        advice = "obtain the one that belongs to it and give its path"
        raise InputError(f"checkpoint {checkpoint} of {owner}: no such file; {advice}")
    loaded = read_checkpoint(checkpoint, owner)
    state = loaded.get("state_dict", loaded)
    prefix = f"{part}."
    if part is not None and any(name.startswith(prefix) for name in state):
        state = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    if rename is not None:
        state = rename(state)
    try:
        missing, unexpected = model.load_state_dict(state, strict=False)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise InputError(f"checkpoint {checkpoint} does not fit {owner}: {error}") from error
    if missing := [name for name in missing if not name.endswith("num_batches_tracked")]:
        raise InputError(
            f"checkpoint {checkpoint} does not fit {owner}: it lacks {len(missing)} of {len(model.state_dict())} "
            f"weights, first {missing[:3]}; it has {list(state)[:3]} …"
        )
    if unexpected:
        print_log(f"{checkpoint}: left aside {len(unexpected)} entries, first {unexpected[:3]}", logger="current")
    return loaded.get("meta", {})

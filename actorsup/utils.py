"""Small things that several rooms need."""

import ctypes
import os
import re
import sys
from pathlib import Path
from pickle import UnpicklingError

import torch
from mmengine.logging import print_log
from torch import nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present
from torch.utils.data import Dataset

from actorsup.checkpoint_file import load_checkpoint_file
from actorsup.errors import InputError

WRAPPER = "module."  # what DistributedDataParallel calls the model inside it


def pick_device(device: str | None) -> torch.device:
    """The device of that name; for None this process's GPU where there is one, else the CPU."""
    if device is not None:
        return torch.device(device)
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    return torch.device("cpu")


def return_freed_memory() -> None:
    """Give memory that was freed back to the system, where the C library is GNU's; nothing happens elsewhere.

    Tensors of changing sizes leave gaps that the C library keeps: a process that looks at one stretch of video after
    the other would grow for hours, though it holds no more than at the beginning.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def inner_datasets(dataset: Dataset) -> list[Dataset]:
    """The data sets inside mmengine's and torch's wrappers of one or of several; itself where it is none."""
    if hasattr(dataset, "datasets"):
        return [inner for part in dataset.datasets for inner in inner_datasets(part)]
    return inner_datasets(dataset.dataset) if hasattr(dataset, "dataset") else [dataset]


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
            f"weights, first {missing[:3]}"
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

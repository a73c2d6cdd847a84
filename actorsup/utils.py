"""Small things that several rooms need."""

import os
import pickle
from pathlib import Path

import torch
from mmengine.runner.checkpoint import CheckpointLoader, load_state_dict
from torch import nn

from actorsup.errors import InputError


def pick_device(device: str | None) -> torch.device:
    """The device of that name; for None this process's GPU where there is one, else the CPU."""
    if device is not None:
        return torch.device(device)
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    return torch.device("cpu")


def load_checkpoint(model: nn.Module, checkpoint: str, owner: str) -> dict:
    """Load all weights of a model from a checkpoint.

    Args:
        model: gets the weights.
        checkpoint: a file, or a URL, which is downloaded once.
        owner: what the weights are for, for messages.

    Returns:
        The checkpoint's ``meta``; empty where it has none.

    Raises:
        InputError: if there is no such file, it cannot be downloaded or read, or its weights are not the model's.
    """
    if "://" not in checkpoint and not Path(checkpoint).is_file():
        raise InputError(
            f"checkpoint {checkpoint} of {owner}: no such file; obtain the one that belongs to it and give its path"
        )
    try:
        loaded = CheckpointLoader.load_checkpoint(checkpoint, map_location="cpu")
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        raise InputError(f"checkpoint {checkpoint} of {owner} cannot be downloaded or read: {error}") from error
    try:
        load_state_dict(model, loaded.get("state_dict", loaded), strict=True)
    except RuntimeError as error:
        raise InputError(f"checkpoint {checkpoint} does not fit {owner}: {error}") from error
    return loaded.get("meta", {})

"""Checkpoints as files, read without running what is inside them."""

import numpy as np
import torch
from mmengine.runner.checkpoint import get_external_models

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

"""The device that a run takes, and the memory of the process."""

import ctypes
import os
import sys

import torch


def pick_device(device: str | None) -> torch.device:
    """The device of that name; for None this process's GPU where there is one, else the CPU."""
    if device is not None:
        return torch.device(device)
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    return torch.device("cpu")


def return_freed_memory() -> None:
    """Give freed memory back to the system, where the C library is GNU's.

    It keeps the gaps that tensors of changing sizes leave, so that a process on an endless video would grow for hours.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)

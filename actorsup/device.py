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
    """Give memory that was freed back to the system, where the C library is GNU's; nothing happens elsewhere.

    Tensors of changing sizes leave gaps that the C library keeps: a process that looks at one stretch of video after
    the other would grow for hours, though it holds no more than at the beginning.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)

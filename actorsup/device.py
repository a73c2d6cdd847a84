"""The device that a run takes, and the memory of the process."""

import ctypes
import os
import sys

import torch

from actorsup.errors import InputError


def pick_device(device: str | None) -> torch.device:
    """The device of that name; for None this process's GPU where there is one, else the CPU.

    Raises:
        InputError: if torch knows no such device, or it is not there.
    """
    if device is None:
        device = f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise InputError(
            f"device {device!r} cannot be used here ({str(error).splitlines()[0]}); leave it out, or choose cpu, "
            "cuda or cuda:0"
        ) from error
    return torch.device(device)


def return_freed_memory() -> None:
    """Give freed memory back to the system, where the C library is GNU's.

    It keeps the gaps that tensors of changing sizes leave, so that a process on an endless video would grow for hours.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)

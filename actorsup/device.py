"""The device that a run takes, and the memory of the process."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from actorsup.errors import InputError

TRIM_THRESHOLD, MMAP_THRESHOLD, MMAP_MAX = -1, -3, -4  # malloc.h
LARGE_BLOCK = 2**20
_num_threads: int | None = None  # see ``one_thread``


def pick_device(device: str | None) -> torch.device:
    """The device of that name; for None this process's GPU where there is one, else the CPU.

    Processes of a node share its GPUs out in turn (``LOCAL_RANK``); more than there are may work on one.

    Raises:
        InputError: if torch knows no such device, or it is not there.
    """
    if device is None:
        num_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        device = f"cuda:{int(os.environ.get('LOCAL_RANK', 0)) % num_gpus}" if num_gpus else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise InputError(
            f"device {device!r} cannot be used here ({str(error).splitlines()[0]}); leave it out, or choose cpu, "
            "cuda or cuda:0"
        ) from error
    return torch.device(device)


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_thread(twins: bool = False) -> Iterator[None]:
    """Let torch compute with one thread meanwhile: sums are then the same bits on any number of cores.

    With ``twins`` as many threads of this process as torch had may each do so at once (``num_threads``).
    """
    global _num_threads
    before = torch.get_num_threads(), _num_threads
    _num_threads = num_threads() if twins else 1
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        _num_threads = before[1]


def num_threads() -> int:
    """How many threads of this process may compute at once: torch's own, or what ``one_thread`` leaves."""
    return torch.get_num_threads() if _num_threads is None else _num_threads


def keep_freed_memory() -> None:
    """Keep freed memory for what comes next, where the C library is GNU's: fresh pages from the system cost time.

    For processes whose work is alike from one video to the next; the opposite of :func:`keep_memory_flat`.
    """
    if (set_option := _of_the_c_library("mallopt")) is not None:
        set_option(MMAP_MAX, 0)
        set_option(TRIM_THRESHOLD, 2**31 - 1)


def keep_memory_flat() -> None:
    """Let freed blocks of a megabyte and more go back to the system at once, where the C library is GNU's.

    Once it has seen such a block freed it takes the next ones from its heap, where they leave gaps around what stays: a
    process on an endless video would grow by hundreds of megabytes within an hour, though it holds no more.
    """
    if (set_option := _of_the_c_library("mallopt")) is not None:
        set_option(MMAP_THRESHOLD, LARGE_BLOCK)


def return_freed_memory() -> None:
    """Give what is free in the heap back to the system, where the C library is GNU's."""
    if (trim := _of_the_c_library("malloc_trim")) is not None:
        trim(0)


def _of_the_c_library(name: str):
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None

"""Random numbers of OpenCV's C++ code that neither depend on what ran before nor change what runs after."""

import ctypes
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import cv2

Result = TypeVar("Result")


def call_with_own_randomness(seed: int, function: Callable[..., Result], *arguments) -> Result:
    """Call a function of OpenCV whose random numbers start from a seed.

    OpenCV has one generator a thread, which can be set but not read: the call runs in a thread of its own. Some of its
    older code draws from C's ``rand()``, which a whole process shares: where the C library is glibc, ``rand()`` gets
    another state for the time of the call. Elsewhere its results depend on the calls before, as they do in OpenCV.
    """

    def call() -> Result:
        cv2.setRNGSeed(seed)
        with _c_rand(seed):
            return function(*arguments)

    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(call).result()


@contextmanager
def _c_rand(seed: int) -> Iterator[None]:
    """A state of its own for C's ``rand()``, and the former one again afterwards."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if not hasattr(library, "gnu_get_libc_version"):
        yield
        return
    library.initstate.argtypes = (ctypes.c_uint, ctypes.c_char_p, ctypes.c_size_t)
    library.initstate.restype = library.setstate.restype = ctypes.c_void_p
    library.setstate.argtypes = (ctypes.c_void_p,)
    state = ctypes.create_string_buffer(128)
    former = library.initstate(seed, state, len(state))
    try:
        yield
    finally:
        library.setstate(former)

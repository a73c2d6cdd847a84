"""Unpickling what others wrote, without running what is inside and without being drained by it.

A pickle may call only what its reader gives for a name. Numpy's own ``ndarray`` and ``dtype`` would trust a forged
state and write where they should not: ``CHECKED_NUMPY`` has stand-ins that check their arguments.
"""

import math
import pickle
import re
import sys
from typing import ClassVar

import numpy as np

DTYPE = re.compile(r"[?biufcSUO]\d{0,4}")
NDARRAY = object()  # what stands for numpy's class in a pickle; it cannot be called
BYTES_PER_BYTE = 200  # that calls may make for a byte of a file; a set takes the most, and less than this


class CheckedDtype:
    """What a pickle builds as ``numpy.dtype``: numbers, text or objects, without fields."""

    def __init__(self, name: str, align: bool = False, copy: bool = False) -> None:
        if not isinstance(name, str) or not DTYPE.fullmatch(name):
            raise pickle.UnpicklingError(f"type of an array {name!r:.80}")
        self.dtype = np.dtype(name)

    def __setstate__(self, state: tuple) -> None:
        _, byte_order, *fields = state
        if any(part is not None for part in fields[:3]):
            raise pickle.UnpicklingError(f"type of an array {state!r:.80}")
        self.dtype = self.dtype.newbyteorder(byte_order)


class CheckedArray(np.ndarray):
    """What a pickle builds as ``numpy.ndarray``; its state is checked."""

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, is_fortran, data = state
        dtype, data = _checked(dtype, shape, data)
        super().__setstate__((1, tuple(shape), dtype, bool(is_fortran), data))


def _checked(dtype: CheckedDtype, shape: tuple[int, ...], data) -> tuple[np.dtype, bytes | list]:
    """Type and content of an array of this shape, which exactly fills it."""
    if type(dtype) is not CheckedDtype or not all(type(side) is int and side >= 0 for side in shape):
        raise pickle.UnpicklingError(f"array of shape {shape!r:.80}")
    if isinstance(data, str):  # as Python 2 wrote it
        data = data.encode("latin1")
    is_object = dtype.dtype.kind == "O"
    size = math.prod(shape) * (1 if is_object else dtype.dtype.itemsize)
    if type(data) is not (list if is_object else bytes) or len(data) != size:
        raise pickle.UnpicklingError(f"array of shape {shape!r:.80} and type {dtype.dtype} from {type(data).__name__}")
    return dtype.dtype, data


def _reconstruct(subtype, shape, typecode) -> CheckedArray:
    if subtype is not NDARRAY:
        raise pickle.UnpicklingError("array of another class than numpy's")
    return np.ndarray.__new__(CheckedArray, (0,), np.uint8)


def _scalar(dtype: CheckedDtype, data) -> np.generic:
    dtype, data = _checked(dtype, (), data)
    if dtype.kind == "O":
        raise pickle.UnpicklingError("number that is an object")
    return np.ndarray((), dtype, data)[()]


def _frombuffer(data, dtype: CheckedDtype, shape: tuple[int, ...], order: str) -> np.ndarray:
    dtype, data = _checked(dtype, shape, data)
    return np.ndarray(shape, dtype, data, order=order)


CHECKED_NUMPY = {
    ("numpy", "ndarray"): NDARRAY,
    ("numpy", "dtype"): CheckedDtype,
}
for _core in ("numpy.core", "numpy._core"):  # numpy 2 renamed it
    CHECKED_NUMPY[f"{_core}.multiarray", "_reconstruct"] = _reconstruct
    CHECKED_NUMPY[f"{_core}.multiarray", "scalar"] = _scalar
    CHECKED_NUMPY[f"{_core}.numeric", "_frombuffer"] = _frombuffer


class FlatTuple(tuple):
    """A tuple that is no key where tuples or sets are in it: Python hashes deep ones for ever, or crashes."""

    __slots__ = ()

    def __hash__(self) -> int:
        if any(isinstance(item, tuple | frozenset) for item in self):
            raise pickle.UnpicklingError("a key that is a tuple of tuples or sets")
        return super().__hash__()


# Python's own, not C's, which takes memory for whatever position a damaged file names: tens of GB for six bytes.
class FrugalUnpickler(pickle._Unpickler):
    """Takes time and memory in proportion to the ``size`` of the pickle; subclasses give ``find_class``.

    Tuples are ``FlatTuple``. Only arrays and their types are given a state: a function's or class's would change what
    this program does.
    """

    def __init__(self, file, size: int) -> None:
        super().__init__(file, encoding="latin1")  # strings and arrays that Python 2 wrote
        self.size = size
        self._left = BYTES_PER_BYTE * size + 2**20

    def spend(self, made) -> None:
        """Count what a call has made."""
        self._left -= sys.getsizeof(made)
        if self._left < 0:
            raise pickle.UnpicklingError("calls that make far more than the file holds")

    dispatch: ClassVar = dict(pickle._Unpickler.dispatch)

    def load_reduce(self) -> None:  # noqa: D102
        super().load_reduce()
        self.spend(self.stack[-1])

    def load_build(self) -> None:  # noqa: D102
        if not isinstance(self.stack[-2], CheckedArray | CheckedDtype):
            raise pickle.UnpicklingError(f"a state of {type(self.stack[-2]).__name__}")
        super().load_build()
        self.spend(self.stack[-1])

    def load_tuple(self) -> None:  # noqa: D102
        super().load_tuple()
        self.stack[-1] = FlatTuple(self.stack[-1])

    def load_tuple1(self) -> None:  # noqa: D102
        self.stack[-1] = FlatTuple(self.stack[-1:])

    def load_tuple2(self) -> None:  # noqa: D102
        self.stack[-2:] = [FlatTuple(self.stack[-2:])]

    def load_tuple3(self) -> None:  # noqa: D102
        self.stack[-3:] = [FlatTuple(self.stack[-3:])]

    def load_bytearray8(self) -> None:
        """As bytes, and no more than there are: Python's own takes memory for whatever size a file names."""
        size = int.from_bytes(self.read(8), "little")
        data = self.read(size)
        if len(data) < size:
            raise EOFError(f"{size} bytes are announced, {len(data)} are there")
        self.append(data)

    def load_frozenset(self) -> None:  # noqa: D102
        raise pickle.UnpicklingError("a frozenset")

    dispatch |= {
        pickle.REDUCE[0]: load_reduce,
        pickle.BUILD[0]: load_build,
        pickle.TUPLE[0]: load_tuple,
        pickle.TUPLE1[0]: load_tuple1,
        pickle.TUPLE2[0]: load_tuple2,
        pickle.TUPLE3[0]: load_tuple3,
        pickle.BYTEARRAY8[0]: load_bytearray8,
        pickle.FROZENSET[0]: load_frozenset,
    }

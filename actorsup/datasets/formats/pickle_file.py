"""Pickle files of data, read without running what is inside them.

A pickle may call only what is in a short table, whose entries check their arguments: numpy's own ``ndarray`` and
``dtype`` would trust a forged state and write where they should not.
"""

import io
import math
import pickle
import re
from collections import OrderedDict
from pathlib import Path

import numpy as np

from actorsup.errors import InputError

from .reading import read_bytes

DTYPE = re.compile(r"[?biufcSUO]\d{0,4}")
NDARRAY = object()  # what stands for numpy's class in a pickle; it cannot be called


class _Dtype:
    """What a pickle builds as ``numpy.dtype``: numbers, text or objects, without fields."""

    def __init__(self, name: str, align: bool = False, copy: bool = False) -> None:
        if not isinstance(name, str) or not DTYPE.fullmatch(name):
            raise pickle.UnpicklingError(f"type of an array {name!r}")
        self.dtype = np.dtype(name)

    def __setstate__(self, state: tuple) -> None:
        _, byte_order, *fields = state
        if any(part is not None for part in fields[:3]):
            raise pickle.UnpicklingError(f"type of an array {state!r}")
        self.dtype = self.dtype.newbyteorder(byte_order)


class _Array(np.ndarray):
    """What a pickle builds as ``numpy.ndarray``; its state is checked."""

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, is_fortran, data = state
        dtype, data = _checked(dtype, shape, data)
        super().__setstate__((1, shape, dtype, bool(is_fortran), data))


def _checked(dtype: _Dtype, shape: tuple[int, ...], data) -> tuple[np.dtype, bytes | list]:
    """Type and content of an array of this shape, which exactly fills it."""
    if type(dtype) is not _Dtype or not all(type(side) is int and side >= 0 for side in shape):
        raise pickle.UnpicklingError(f"array of shape {shape!r}")
    if isinstance(data, str):  # as Python 2 wrote it
        data = data.encode("latin1")
    is_object = dtype.dtype.kind == "O"
    size = math.prod(shape) * (1 if is_object else dtype.dtype.itemsize)
    if type(data) is not (list if is_object else bytes) or len(data) != size:
        raise pickle.UnpicklingError(f"array of shape {shape!r} and type {dtype.dtype} from {type(data).__name__}")
    return dtype.dtype, data


def _reconstruct(subtype, shape, typecode) -> _Array:
    if subtype is not NDARRAY:
        raise pickle.UnpicklingError("array of another class than numpy's")
    return np.ndarray.__new__(_Array, (0,), np.uint8)


def _scalar(dtype: _Dtype, data) -> np.generic:
    dtype, data = _checked(dtype, (), data)
    if dtype.kind == "O":
        raise pickle.UnpicklingError("number that is an object")
    return np.ndarray((), dtype, data)[()]


def _frombuffer(data, dtype: _Dtype, shape: tuple[int, ...], order: str) -> np.ndarray:
    dtype, data = _checked(dtype, shape, bytes(data))
    return np.ndarray(shape, dtype, data, order=order)


def _encode(text: str, encoding: str) -> bytes:
    """How protocol 2 spells bytes, those of arrays among them; other codecs are refused."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes spelled in {encoding!r}, expected 'latin1'")
    return text.encode("latin1")


ALLOWED = {
    ("numpy", "ndarray"): NDARRAY,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
    ("collections", "OrderedDict"): OrderedDict,
}
# numpy 2 renamed its core; builtins had another name in Python 2.
for _core in ("numpy.core", "numpy._core"):
    ALLOWED[f"{_core}.multiarray", "_reconstruct"] = _reconstruct
    ALLOWED[f"{_core}.multiarray", "scalar"] = _scalar
    ALLOWED[f"{_core}.numeric", "_frombuffer"] = _frombuffer
for _builtins in ("builtins", "__builtin__"):
    for _type in (dict, list, tuple, set, frozenset, complex):
        ALLOWED[_builtins, _type.__name__] = _type


# Python's own, not C's, which takes memory for whatever position a damaged file names: tens of GB for six bytes.
class _DataUnpickler(pickle._Unpickler):
    """Neither imports nor calls a name that is not in ``ALLOWED``."""

    def __init__(self, content: bytes, path: Path) -> None:
        super().__init__(io.BytesIO(content), encoding="latin1")  # strings and arrays that Python 2 wrote
        self.path = path

    def find_class(self, module: str, name: str):
        if (module, name) not in ALLOWED:
            raise InputError(
                f"{self.path}: refused, because it would load {module}.{name}; "
                "a pickle of annotation holds numpy arrays and builtin containers only"
            )
        return ALLOWED[module, name]


def load_pickle(path: str | Path):
    """The content of a pickle file of builtin containers, numbers, strings and numpy arrays.

    An ``InputError`` if it is missing, damaged, or names anything else, which is neither imported nor called.
    """
    content = read_bytes(path)
    try:
        return _DataUnpickler(content, Path(path)).load()
    except InputError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise InputError(f"{path}: cannot be read as a pickle ({type(error).__name__}: {error})") from error

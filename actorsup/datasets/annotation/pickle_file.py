"""Pickle files of data, read without running what is inside them."""

import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np

from actorsup.errors import InputError


def _encode(text: str, encoding: str) -> bytes:
    """How protocol 2 spells bytes, the content of every array among them; other codecs than this one are refused."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes spelled in {encoding!r}, expected 'latin1'")
    return text.encode("latin1")


_reconstruct = np.zeros(1).__reduce__()[0]
_scalar = np.float64(0).__reduce__()[0]
_frombuffer = np.zeros(1).__reduce_ex__(5)[0]

ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _encode,
    ("collections", "OrderedDict"): OrderedDict,
}
# numpy 2 renamed its core; builtins had another name in Python 2.
for _core in ("numpy.core", "numpy._core"):
    ALLOWED[f"{_core}.multiarray", "_reconstruct"] = _reconstruct
    ALLOWED[f"{_core}.multiarray", "scalar"] = _scalar
    ALLOWED[f"{_core}.numeric", "_frombuffer"] = _frombuffer
for _builtins in ("builtins", "__builtin__"):
    for _type in (dict, list, tuple, set, frozenset, bytearray, complex):
        ALLOWED[_builtins, _type.__name__] = _type


class _DataUnpickler(pickle.Unpickler):
    """Looks nothing up that is not in the table above: a name outside it is neither imported nor called."""

    def __init__(self, file, path: Path) -> None:
        super().__init__(file, encoding="latin1")  # strings and arrays that Python 2 wrote
        self.path = path

    def find_class(self, module: str, name: str):
        try:
            return ALLOWED[module, name]
        except KeyError:
            raise InputError(
                f"{self.path}: refused, because it would load {module}.{name}; "
                "a pickle of annotation holds numpy arrays and builtin containers only"
            ) from None


def load_pickle(path: str | Path):
    """The content of a pickle file that holds builtin containers, numbers, strings and numpy arrays only.

    A pickle is a program: whoever loads one from the web with ``pickle.load`` runs it. Here it can name a few types.

    Raises:
        InputError: if the file is missing or damaged, or names anything else, which is neither imported nor called.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            return _DataUnpickler(file, path).load()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except InputError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise InputError(f"{path}: cannot be read as a pickle ({type(error).__name__}: {error})") from error

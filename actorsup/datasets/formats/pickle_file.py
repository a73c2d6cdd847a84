"""Pickle files of data, read without running what is inside them."""

import io
import pickle
from collections import OrderedDict
from pathlib import Path

from actorsup.errors import InputError
from actorsup.io.pickles import CHECKED_NUMPY, FlatTuple, FrugalUnpickler
from actorsup.io.reading import read_bytes


def _encode(text: str, encoding: str) -> bytes:
    """How protocol 2 spells bytes, those of arrays among them; other codecs are refused."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes spelled in {encoding!r:.80}, expected 'latin1'")
    return text.encode("latin1")


ALLOWED = {
    **CHECKED_NUMPY,
    ("_codecs", "encode"): _encode,
    ("collections", "OrderedDict"): OrderedDict,
}
for _builtins in ("builtins", "__builtin__"):  # Python 2 called them otherwise
    for _type in (dict, list, set, complex):
        ALLOWED[_builtins, _type.__name__] = _type
    ALLOWED[_builtins, "tuple"] = FlatTuple


class _DataUnpickler(FrugalUnpickler):
    """Neither imports nor calls a name that is not in ``ALLOWED``."""

    def __init__(self, content: bytes, path: Path) -> None:
        super().__init__(io.BytesIO(content), len(content))
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
        raise InputError(f"{path}: cannot be read as a pickle ({type(error).__name__}: {error!s:.300})") from error

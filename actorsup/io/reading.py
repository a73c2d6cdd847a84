"""Files and values of others, checked.

A ``ValueError`` says what is wrong with a value; ``naming`` makes it an ``InputError`` that names the file.
"""

import csv
import gzip
import json
import math
import reprlib
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from actorsup.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"
MAX_BYTES = 2**30  # of one file, decompressed: a small file can pack more than the memory holds
JOINERS = "\u200c\u200d"
KINDS = {str: "text", int: "a whole number", Sequence: "a list", Mapping: "a dictionary"}


def read_bytes(path: str | Path) -> bytes:
    """The content of a file, decompressed where it is compressed by gzip."""
    try:
        with open(path, "rb") as file:
            is_packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
            file.seek(0)
            content = (gzip.GzipFile(fileobj=file) if is_packed else file).read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error, ValueError) as error:  # ValueError: of a path with a null character
        raise InputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if len(content) > MAX_BYTES:
        raise InputError(f"{path}: holds more than {MAX_BYTES} bytes; divide it")
    return content


def read_text(path: str | Path) -> str:
    """The content of a text file in UTF-8."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not a text file ({error})") from error


def read_json(path: str | Path):
    """The content of a JSON file."""
    return parse_json(read_text(path), path)


def parse_json(text: str, where: str | Path):
    """What JSON text says; a dictionary that names a key twice, of which Python takes the last, is refused."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: is not JSON ({error})") from error


def _unique(pairs: Sequence[tuple[str, object]]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"a dictionary names {brief(repeated)} several times")
    return found


class _WithoutDoctype(ElementTree.TreeBuilder):
    """Refuses declarations, by which a small file can name other files, or hold more than the memory."""

    def doctype(self, name: str, *identifiers) -> None:
        raise ValueError(f"declares <!DOCTYPE {name}>, which is refused")


def parse_xml(content: bytes) -> ElementTree.Element:
    """The root of an XML document; a ``ValueError`` if it is none, or declares a type."""
    parser = ElementTree.XMLParser(target=_WithoutDoctype())
    try:
        parser.feed(content)
        return parser.close()
    except (ElementTree.ParseError, LookupError) as error:
        raise ValueError(f"is not XML ({error})") from error


def read_lines(path: str | Path) -> list[tuple[int, str]]:
    """Number, from 1, and stripped text of every line that is not empty; there has to be one."""
    lines = [
        (number, line.strip()) for number, line in enumerate(read_text(path).splitlines(), start=1) if line.strip()
    ]
    if not lines:
        raise InputError(f"{path}: lists nothing")
    return lines


def read_csv(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    """Number of the last line, from 1, and cells of every row of a CSV file that is not empty."""
    rows = csv.reader(StringIO(read_text(path), newline=""), skipinitialspace=True)
    try:
        for cells in rows:
            if cells:
                yield rows.line_num, cells
    except csv.Error as error:
        raise InputError(f"{path}: is no CSV file ({error})") from error


@contextmanager
def naming(what: str | Path, error_type: type[ValueError] = ValueError) -> Iterator[None]:
    """Put what was read in front of a ``ValueError``; an ``InputError`` says it already."""
    try:
        yield
    except InputError:
        raise
    except ValueError as error:
        raise error_type(f"{what}: {error}") from error


class _Brief(reprlib.Repr):
    """The beginning of a value, at no cost for the rest: shared lists may stand for more than anybody can write."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxdict, self.maxlist, self.maxtuple, self.maxset = 3, 8, 20, 20, 8
        self.maxstring = self.maxlong = self.maxother = 200

    def repr1(self, x, level: int) -> str:
        if isinstance(x, np.ndarray) and x.dtype.kind == "O":
            return f"<array of objects of shape {x.shape}>"
        if isinstance(x, np.ndarray):
            return super().repr1(x.view(np.ndarray), level)
        shows = ((dict, self.repr_dict), (list, self.repr_list), (tuple, self.repr_tuple))
        show = next((show for kind, show in shows if isinstance(x, kind)), super().repr1)
        return show(x, level)


def brief(value) -> str:
    """A value as text of at most 80 characters."""
    shown = _Brief().repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def is_one_line(text: str) -> bool:
    """Whether text can be shown on a line as it is; unusual blanks and what joins letters are allowed.

    Not allowed are control characters, ends of lines, bytes that are no UTF-8, and what nobody sees: byte order marks,
    changes of the direction of writing.
    """
    return all(each.isprintable() or unicodedata.category(each) == "Zs" or each in JOINERS for each in text)


def value_of(entry, key: str, kind: type | None = None):
    """The value of a key in a dictionary; one of a kind is checked by ``require``."""
    if not isinstance(entry, Mapping) or key not in entry:
        raise ValueError(f"expected a dictionary with {key!r}, got {brief(entry)}")
    return entry[key] if kind is None else require(entry[key], key, kind)


def require(value, name: str, kind: type):
    """The value, if it is of a kind of ``KINDS``; text has to be on one line, and not blank."""
    if kind is str:
        good = isinstance(value, str) and value.strip() and is_one_line(value)
    elif kind is int:
        good = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    else:
        good = isinstance(value, kind) and not isinstance(value, str)
    if not good:
        raise ValueError(f"{name!r} must be {KINDS[kind]}, got {brief(value)}")
    return kind(value) if kind in (str, int) else value


Layout = type | Callable[[object], object] | list | Mapping | tuple


def require_layout(value, layout: Layout, name: str = "the content"):
    """The value, if it is laid out like this; a ``ValueError`` says which part is not.

    ``str``: text that can be written. ``float``: a number of at most 64 bits, perhaps no finite one. ``int``: a whole
    one. ``[layout]``: a list of any length. ``{"a": layout}``: a dictionary with these keys at least.
    ``{str: layout}``: a dictionary of any keys. ``(layout, None)``: that, or None. A function: what it does not refuse
    by a ``ValueError``.
    """
    if isinstance(layout, tuple):
        if value is not None:
            require_layout(value, layout[0], name)
    elif isinstance(layout, list):
        if not isinstance(value, list):
            raise ValueError(f"{name} must be a list, got {brief(value)}")
        for index, item in enumerate(value):
            require_layout(item, layout[0], f"{name}[{index}]")
    elif isinstance(layout, Mapping):
        if not isinstance(value, Mapping):
            raise ValueError(f"{name} must be a dictionary, got {brief(value)}")
        for key in value if str in layout else layout:
            if key not in value:
                raise ValueError(f"{name} lacks {key!r}")
            require_layout(key, str, f"a name in {name}")
            require_layout(value[key], layout[str] if str in layout else layout[key], f"{name}[{brief(key)}]")
    elif isinstance(layout, type):
        good = {str: _is_text, float: _is_number, int: lambda number: _is_number(number) and isinstance(number, int)}
        if not good[layout](value):
            kind = {str: "text", float: "a number", int: "a whole number"}[layout]
            raise ValueError(f"{name} must be {kind}, got {brief(value)}")
    else:
        with naming(name):
            layout(value)
    return value


def _is_text(value) -> bool:
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_number(value) -> bool:
    return isinstance(value, float) or (
        isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    )


def finite(value) -> None:
    """Refuse, as a layout, what is no finite number."""
    if not _is_number(value) or not math.isfinite(value):
        raise ValueError(f"must be a finite number, got {brief(value)}")


def boxes(value) -> None:
    """Refuse, as a layout, what is no list of boxes: four finite numbers each."""
    rows = value if isinstance(value, list) else [value]
    if not all(isinstance(row, list) and len(row) == 4 for row in rows):
        raise ValueError(f"must be a list of boxes, four numbers each, got {brief(value)}")
    for number in chain.from_iterable(rows):
        finite(number)

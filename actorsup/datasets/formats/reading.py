"""Files and values of others, checked.

A ``ValueError`` says what is wrong with a value; ``naming`` makes it an ``InputError`` that names the file.
"""

import csv
import gzip
import json
import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import Tube

GZIP_MAGIC = b"\x1f\x8b"
MAX_FRAMES = 2**22  # 46 hours at 25 frames a second; more is a mistake, and would fill the memory
MAX_COORDINATE = 2**24  # whole numbers up to here are exact in float32
KINDS = {str: "text", int: "a whole number", Sequence: "a list", Mapping: "a dictionary"}


def read_bytes(path: str | Path) -> bytes:
    """The content of a file, decompressed where it is compressed by gzip."""
    try:
        content = Path(path).read_bytes()
        return gzip.decompress(content) if content.startswith(GZIP_MAGIC) else content
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error


def read_text(path: str | Path) -> str:
    """The content of a text file in UTF-8."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not a text file ({error})") from error


def read_json(path: str | Path):
    """The content of a JSON file."""
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON ({error})") from error


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


def notes_of(found: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """A note for each list of names that is not empty; the keys say what they are."""
    return tuple(enumeration(what, names) for what, names in found.items() if names)


@contextmanager
def naming(what: str | Path, error_type: type[ValueError] = ValueError) -> Iterator[None]:
    """Put what was read in front of a ``ValueError``; an ``InputError`` says it already."""
    try:
        yield
    except InputError:
        raise
    except ValueError as error:
        raise error_type(f"{what}: {error}") from error


def brief(value) -> str:
    """A value as text of at most 80 characters."""
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def enumeration(what: str, names: Sequence[str], most: int = 20) -> str:
    """``3 videos have no tube: a, b, c``."""
    shown = [name if is_one_line(name) else ascii(name)[1:-1] for name in names[:most]]
    return f"{len(names)} {what}: {', '.join(shown)}" + (" and others" if len(names) > most else "")


def is_one_line(text: str) -> bool:
    """Whether text has no control character, end of a line, or byte that is no UTF-8; unusual blanks are allowed."""
    return text.isprintable() or not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in text)


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


def names_of(entry, key: str) -> tuple[str, ...]:
    """The list of names of a key in a dictionary."""
    return tuple(require(name, f"a name in {key}", str) for name in value_of(entry, key, Sequence))


def require_label(value, classes: Sequence[str]) -> int:
    """The value, if it is the index of a class."""
    label = require(value, "label", int)
    if not 0 <= label < len(classes):
        raise ValueError(f"label {label} is outside 0..{len(classes) - 1}")
    return label


def number_array(value, num_columns: int) -> np.ndarray:
    """Rows of numbers as float64 ``(n, num_columns)``."""
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"expected rows of {num_columns} numbers ({error})") from error
    if array.ndim != 2 or array.shape[1] != num_columns or array.dtype.kind not in "iuf":
        raise ValueError(f"expected rows of {num_columns} numbers, got {array.shape} of type {array.dtype}")
    return array.astype(np.float64)


def box_array(value) -> np.ndarray:
    """Boxes ``x1 y1 x2 y2`` as float64 ``(n, 4)``, each of finite numbers no frame is too small for, and in order."""
    boxes = number_array(value, 4)
    good = (np.abs(boxes) < MAX_COORDINATE).all(axis=1) & (boxes[:, :2] <= boxes[:, 2:]).all(axis=1)
    if not good.all():
        index = int((~good).argmax())
        raise ValueError(
            f"box {index}: expected x1 <= x2 and y1 <= y2, numbers below {MAX_COORDINATE}, got {boxes[index].tolist()}"
        )
    return boxes


def tube_of_frames(frames, boxes, label: int, first: int = 0) -> Tube:
    """A true tube from the first of the given frames to the last; boxes between them are interpolated linearly.

    ``frames (n,)`` are ascending whole numbers, among which ``first`` is a video's first frame; ``boxes (n, 4)``. A
    ``ValueError`` if they are not so.
    """
    frames = np.asarray(frames)
    boxes = np.asarray(boxes, dtype=np.float32)  # as they are kept, so that a written tube is read as it was
    good = frames.shape == (len(boxes),) and frames.size and frames.dtype.kind in "iuf"
    good = good and ((frames >= first) & (frames < MAX_FRAMES) & (frames % 1 == 0)).all()
    if not good or not (frames[:-1] < frames[1:]).all():
        raise ValueError(
            f"{len(boxes)} boxes need as many frames, ascending whole numbers from {first} to {MAX_FRAMES - 1}, "
            f"got {brief(frames.tolist())}"
        )
    frames = frames.astype(np.int64) - first
    every = np.arange(frames[0], frames[-1] + 1)
    between = np.stack([np.interp(every, frames, column) for column in boxes.T], axis=1)
    annotated = np.isin(every, frames)
    return Tube(int(frames[0]), between, np.ones(len(every)), 1.0, label, None if annotated.all() else annotated)

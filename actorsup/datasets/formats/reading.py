"""Values of annotations, checked: a ``ValueError`` says what is wrong with one."""

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from actorsup.io.reading import brief, is_one_line, require, value_of
from actorsup.structures import Tube

MAX_FRAMES = 2**22  # 46 hours at 25 frames a second; more is a mistake, and would fill the memory
MAX_COORDINATE = 2**24  # whole numbers up to here are exact in float32


def notes_of(found: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """A note for each list of names that is not empty; the keys say what they are."""
    return tuple(enumeration(what, names) for what, names in found.items() if names)


def enumeration(what: str, names: Sequence[str], most: int = 20) -> str:
    """``3 videos have no tube: a, b, c``."""
    shown = [name if is_one_line(name) else ascii(name)[1:-1] for name in names[:most]]
    return f"{len(names)} {what}: {', '.join(shown)}" + (" and others" if len(names) > most else "")


def names_of(entry, key: str) -> tuple[str, ...]:
    """The list of names of a key in a dictionary."""
    return tuple(require(name, f"a name in {key}", str) for name in value_of(entry, key, Sequence))


def require_label(value, classes: Sequence[str]) -> int:
    """The value, if it is the index of a class."""
    label = require(value, "label", int)
    if not 0 <= label < len(classes):
        raise ValueError(f"label {label} is outside 0..{len(classes) - 1}")
    return label


def number_of(text: str, kind: type[int] | type[float]) -> int | float:
    """The number that text is; what Python alone reads as one, such as ``1_000``, is refused."""
    if "_" in text or not text.isascii():
        raise ValueError(f"expected a number, got {brief(text)}")
    return kind(text)


def number_array(value, num_columns: int) -> np.ndarray:
    """Rows of numbers as float64 ``(n, num_columns)``."""
    try:
        array = np.asarray(value)
        if isinstance(value, Sequence) and bool in set(map(type, chain.from_iterable(value))):  # True would become 1
            array = array.astype(bool)
    except (ValueError, TypeError, OverflowError) as error:
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
    if isinstance(frames, Sequence) and bool in set(map(type, frames)):  # True would become 1
        raise ValueError(f"frames must be whole numbers, got {brief(frames)}")
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

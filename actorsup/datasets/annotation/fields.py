"""Values of dictionaries that came from a file, checked."""

from collections.abc import Mapping

import numpy as np

MAX_FRAMES = 2**22  # 46 hours at 25 frames a second; more is a mistake, and would fill the memory
MAX_COORDINATE = 2**24  # whole numbers up to here are exact in float32


def field(entry: Mapping, key: str):
    """The value of a key.

    Raises:
        ValueError: if there is none, or the entry is no dictionary.
    """
    if not isinstance(entry, Mapping) or key not in entry:
        raise ValueError(f"expected a dictionary with {key!r}, got {brief(entry)}")
    return entry[key]


def whole_number(entry: Mapping, key: str) -> int:
    """The whole number of a key, whichever integer type it has.

    Raises:
        ValueError: if it is anything else.
    """
    value = field(entry, key)
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ValueError(f"{key!r} must be a whole number, got {brief(value)}")
    return int(value)


def text(entry: Mapping, key: str) -> str:
    """The text of a key, at least one printable character.

    Raises:
        ValueError: if it is anything else.
    """
    value = field(entry, key)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError(f"{key!r} must be text, got {brief(value)}")
    return str(value)


def box_array(value, name: str) -> np.ndarray:
    """Four numbers a box, as float64 ``(T, 4)``; what they mean, and whether they are sensible, is not looked at.

    Raises:
        ValueError: if the shape is another one, or they are no finite numbers, or far beyond any frame.
    """
    try:
        boxes = np.asarray(value)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name}: expected four numbers a box ({error})") from error
    if boxes.size == 0:
        raise ValueError(f"{name}: holds no box")
    if boxes.ndim != 2 or boxes.shape[1] != 4 or boxes.dtype.kind not in "iuf":
        raise ValueError(f"{name}: expected four numbers a box, got {boxes.shape} of type {boxes.dtype}")
    boxes = boxes.astype(np.float64)
    good = (np.abs(boxes) < MAX_COORDINATE).all(axis=1)
    if not good.all():
        index = int((~good).argmax())
        raise ValueError(
            f"{name}, box {index}: expected finite numbers below {MAX_COORDINATE}, got {boxes[index].tolist()}"
        )
    return boxes


def brief(value) -> str:
    """A value as text of at most 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

"""Values that came from a file, checked."""

from collections.abc import Mapping

import numpy as np

from actorsup.structures import Tube

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
    """The text of a key, see ``require_text``."""
    return require_text(field(entry, key), key)


def require_text(value, name: str) -> str:
    """The value, if it is text that can be seen and printed on a line.

    Raises:
        ValueError: if it is anything else.
    """
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError(f"{name!r} must be text, got {brief(value)}")
    return str(value)


def box_array(value, name: str) -> np.ndarray:
    """Boxes ``x1 y1 x2 y2`` as float64 ``(T, 4)``, at least one.

    Raises:
        ValueError: if the shape is another one, they are no finite numbers or far beyond any frame, or a box has
            negative width or height.
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
    ordered = (boxes[:, :2] <= boxes[:, 2:]).all(axis=1)
    if not ordered.all():
        index = int((~ordered).argmax())
        raise ValueError(f"{name}, box {index}: expected x1 <= x2 and y1 <= y2, got {boxes[index].tolist()}")
    return boxes


def brief(value) -> str:
    """A value as text of at most 80 characters."""
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def tube_of_frames(frames: np.ndarray, boxes: np.ndarray, label: int) -> Tube:
    """A true tube from the first of the given frames to the last; between them boxes are interpolated linearly.

    Args:
        frames: ``(n,)`` whole numbers, ascending.
        boxes: ``(n, 4)``, those of the frames.
        label: of the tube.

    Raises:
        ValueError: if the frames are not ascending, or not as many as the boxes, or a box is none.
    """
    frames = np.asarray(frames, dtype=np.int64)
    boxes = np.asarray(boxes, dtype=np.float32)  # as they are kept, so that a written tube is read as it was
    if frames.ndim != 1 or len(frames) != len(boxes) or (np.diff(frames) <= 0).any():
        raise ValueError(f"{len(boxes)} boxes need as many ascending frames, got {frames.tolist()}")
    every = np.arange(frames[0], frames[-1] + 1)
    between = np.stack([np.interp(every, frames, column) for column in boxes.T], axis=1)
    annotated = np.isin(every, frames)
    return Tube(int(frames[0]), between, np.ones(len(every)), 1.0, label, None if annotated.all() else annotated)

"""A2D's annotation of one frame: ``Annotations/mat/<video>/<frame>.mat``, a Matlab 7.3 file, which is HDF5.

``reBBox``: ``x1 y1 x2 y2`` of each of ``n`` instances, pixels from 1, both corners inside; ``4 × n`` as HDF5 has it.
``id``: their labels, actor × 10 + action. The layout is known from code that reads it; it was not checked against the
data set itself.
"""

from pathlib import Path

import h5py
import numpy as np

from actorsup.errors import InputError

from .fields import box_array, brief

ACTORS = ("adult", "baby", "ball", "bird", "car", "cat", "dog")
ACTIONS = ("climbing", "crawling", "eating", "flying", "jumping", "rolling", "running", "walking", "none")


def read_a2d_frame(path: str | Path) -> tuple[np.ndarray, list[int]]:
    """Boxes ``(n, 4)`` in continuous pixels and the labels of the instances in a frame.

    Raises:
        InputError: naming file and value, if anything in it is not as described above.
    """
    try:
        with h5py.File(path) as file:
            boxes, labels = (_array(file, name) for name in ("reBBox", "id"))
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
    except Exception as error:  # a damaged file can raise nearly anything
        raise InputError(f"{path}: cannot be read as HDF5 ({type(error).__name__}: {error})") from error
    try:
        if labels.size == 0 and boxes.size == 0:
            return np.zeros((0, 4)), []
        codes = [a2d_label(value) for value in labels.ravel().tolist()]
        if boxes.shape != (4, len(codes)):
            raise ValueError(f"{len(codes)} labels need 'reBBox' of shape (4, {len(codes)}), got {boxes.shape}")
        corners = box_array(boxes.T, "'reBBox'")
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
    return corners - [1, 1, 0, 0], codes


def a2d_label(value) -> int:
    """A label, actor × 10 + action.

    Raises:
        ValueError: if it is no number of an actor, from 1 to 7, and an action, from 1 to 9.
    """
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1
    if not whole or not 1 <= value // 10 <= len(ACTORS) or not 1 <= value % 10 <= len(ACTIONS):
        raise ValueError(f"label {brief(value)} is no actor (1..{len(ACTORS)}) × 10 + action (1..{len(ACTIONS)})")
    return int(value)


def a2d_class(label: int) -> str:
    """``adult-climbing``."""
    return f"{ACTORS[label // 10 - 1]}-{ACTIONS[label % 10 - 1]}"


def _array(file: h5py.File, name: str) -> np.ndarray:
    """An array of numbers; Matlab keeps one without elements as its sizes."""
    data = file.get(name)
    if not isinstance(data, h5py.Dataset) or data.dtype.kind not in "iuf":
        raise ValueError(f"expected an array of numbers named {name!r}")
    return np.zeros(0) if data.attrs.get("MATLAB_empty", 0) else np.asarray(data[()])

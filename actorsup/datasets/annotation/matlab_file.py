"""Matlab files of UCF101-24: ``finalAnnots.mat``, the corrected annotation, and ``annot_apt.mat``, the one before it.

A struct array ``annot`` with ``name``, ``num_imgs``, ``tubes``, or ``videos`` with ``name``, ``num_images``, ``tubes``.
A tube has ``sf`` and ``ef``, its first and its last frame from 1, ``class`` from 1, and ``boxes (ef - sf + 1, 4)``:
``x y w h`` in pixels counted from 1 at 320×240.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from actorsup.errors import InputError

from .pyannot import read_entries
from .video_annotation import VideoAnnotation

LAYOUTS = {"annot": "num_imgs", "videos": "num_images"}


def read_matlab_annotation(path: str | Path, classes: Sequence[str]) -> dict[str, VideoAnnotation]:
    """The annotation of every video, by its name ``Class/v_Class_g01_c01``; see ``read_pyannot``."""
    try:
        content = loadmat(path)
    except Exception as error:  # a damaged file can raise nearly anything
        raise InputError(f"{path}: cannot be read as a Matlab file ({type(error).__name__}: {error})") from error
    found = [name for name in LAYOUTS if name in content]
    if len(found) != 1:
        raise InputError(f"{path}: expected a variable named {' or '.join(LAYOUTS)}")
    entries = []
    for index, record in enumerate(_records(content[found[0]])):
        try:
            name = str(_only(record, "name"))
            entries.append((name, _entry(record, LAYOUTS[found[0]], classes)))
        except ValueError as error:
            raise InputError(f"{path}: video number {index + 1}: {error}") from error
    return read_entries(path, entries, classes)


def _entry(record: np.void, num_frames: str, classes: Sequence[str]) -> dict:
    """A video as ``pyannot.pkl`` has it. Its label, which is here one of each tube, is that of its folder."""
    folder = str(_only(record, "name")).split("/")[0]
    if folder not in classes:
        raise ValueError(f"{folder!r} is none of the {len(classes)} classes")
    tubes = [
        {
            "label": _number(tube, "class") - 1,
            "sf": _number(tube, "sf") - 1,
            "ef": _number(tube, "ef"),
            "boxes": _value(tube, "boxes"),
        }
        for tube in _records(_value(record, "tubes"))
    ]
    return {"numf": _number(record, num_frames), "label": list(classes).index(folder), "annotations": tubes}


def _records(array) -> np.ndarray:
    """The elements of a struct array; none of an empty array of anything."""
    array = np.asarray(array)
    if array.size and array.dtype.names is None:
        raise ValueError(f"expected a struct array, got an array of {array.dtype}")
    return array.ravel()


def _value(record: np.void, key: str):
    if key not in record.dtype.names:
        raise ValueError(f"expected the field {key!r}, got {', '.join(record.dtype.names)}")
    return record[key]


def _only(record: np.void, key: str):
    value = np.asarray(_value(record, key))
    if value.size != 1:
        raise ValueError(f"{key!r} must be one value, got {value.size}")
    return value.item()


def _number(record: np.void, key: str) -> int:
    """A whole number, which Matlab may keep as a floating point one."""
    value = _only(record, key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{key!r} must be a whole number, got {value!r}")
    return int(value)

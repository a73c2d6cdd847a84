"""``pyannot.pkl``: the corrected annotation of UCF101-24 (gurkirt/corrected-UCF101-Annots).

``{video: {numf, label, annotations: [{label, sf, ef, boxes}]}}``: ``sf`` is the first frame, 0-based, ``ef`` the frame
after the last. ``boxes (ef - sf, 4)`` are ``x y w h`` in pixels counted from 1 at 320×240, stored as uint8 or uint16.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import Tube

from .fields import field, whole_number
from .pickle_file import load_pickle
from .video_annotation import VideoAnnotation

SIZE = (320, 240)


def read_pyannot(path: str | Path, classes: Sequence[str]) -> dict[str, VideoAnnotation]:
    """The annotation of every video, by its name ``Class/v_Class_g01_c01``.

    Args:
        path: the file.
        classes: class names in the order of the file's labels; the folder in a video's name has to agree.

    Raises:
        InputError: naming file, video and value, if anything in the file is not as described above.
    """
    content = load_pickle(path)
    if not isinstance(content, Mapping):
        raise InputError(f"{path}: expected a dictionary of videos, got {type(content).__name__}")
    return read_entries(path, content.items(), classes)


def read_entries(
    path: str | Path, entries: Iterable[tuple[str, Mapping]], classes: Sequence[str]
) -> dict[str, VideoAnnotation]:
    """What ``read_pyannot`` returns, of entries ``(video, {numf, label, annotations})`` that came from ``path``."""
    annotations = {}
    for video, entry in entries:
        try:
            if video in annotations:
                raise ValueError("is there several times")
            annotations[str(video)] = _read_video(video, entry, classes)
        except ValueError as error:
            raise InputError(f"{path}: video {video!s}: {error}") from error
    return annotations


def _read_video(video: str, entry: Mapping, classes: Sequence[str]) -> VideoAnnotation:
    if not isinstance(video, str):
        raise ValueError(f"the name must be text, got {type(video).__name__}")
    num_frames = whole_number(entry, "numf")
    label = whole_number(entry, "label")
    if not 0 <= label < len(classes):
        raise ValueError(f"label {label} is outside 0..{len(classes) - 1}")
    if video.split("/")[0] != classes[label]:
        raise ValueError(f"label {label} is {classes[label]}, which is not the video's folder")
    tubes = field(entry, "annotations")
    if not isinstance(tubes, Sequence):
        raise ValueError(f"'annotations' must be a list, got {type(tubes).__name__}")
    return VideoAnnotation(
        num_frames, label, SIZE, tuple(_read_tube(f"tube {i}", tube, label, num_frames) for i, tube in enumerate(tubes))
    )


def _read_tube(name: str, entry: Mapping, video_label: int, num_frames: int) -> Tube:
    label, first, end = (whole_number(entry, key) for key in ("label", "sf", "ef"))
    if label != video_label:
        raise ValueError(f"{name}: label {label}, the video has label {video_label}")
    if not 0 <= first < end <= num_frames:
        raise ValueError(f"{name}: sf = {first} and ef = {end} are no range within the video's {num_frames} frames")
    boxes = np.asarray(field(entry, "boxes"))
    if boxes.shape != (end - first, 4) or boxes.dtype.kind not in "iuf":
        raise ValueError(
            f"{name}: sf = {first} and ef = {end} need boxes of shape ({end - first}, 4), "
            f"got {boxes.shape} of type {boxes.dtype}"
        )
    corners = _corners(boxes)
    good = (corners[:, :2] >= 0) & (corners[:, 2:] > corners[:, :2]) & (corners[:, 2:] <= SIZE)
    if not good.all():
        index = int((~good.all(axis=1)).argmax())
        raise ValueError(
            f"{name}, frame {first + index}: box x y w h = {boxes[index].tolist()} is empty or leaves the frame "
            f"of {SIZE[0]}x{SIZE[1]} pixels, counted from 1"
        )
    return Tube(first, corners, np.ones(end - first), 1.0, label)


def _corners(boxes: np.ndarray) -> np.ndarray:
    """``(x1, y1, x2, y2)`` in continuous coordinates: pixel 1 reaches from 0 to 1."""
    boxes = boxes.astype(np.float64)  # before adding, because uint8 overflows
    with np.errstate(invalid="ignore"):
        return np.concatenate([boxes[:, :2] - 1, boxes[:, :2] - 1 + boxes[:, 2:]], axis=1)

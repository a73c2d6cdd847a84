"""A2D, the Actor-Action Dataset: 3,782 videos of people, animals, balls and cars.

A2D's annotation of one frame: ``Annotations/mat/<video>/<frame>.mat``, a Matlab 7.3 file, which is HDF5.

``reBBox``: ``x1 y1 x2 y2`` of each of ``n`` instances, pixels from 1, both corners inside; ``4 × n`` as HDF5 has it.
``id``: their labels, actor × 10 + action. The layout is known from code that reads it; it was not checked against the
data set itself.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from actorsup.errors import InputError
from actorsup.structures import Tube

from .collection import LabelledVideo, VideoCollection
from .conversion import Conversion, enumeration
from .fields import box_array, brief, tube_of_frames

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


COCO_ACTORS = ("person", "sports ball", "bird", "car", "cat", "dog")
SPLITS = ("train", "test")  # by usage


class _Row(NamedTuple):
    """A line of ``videoset.csv``."""

    video: str
    label: int
    size: tuple[int, int]
    num_frames: int
    split: str


def convert_a2d(root: str | Path) -> Conversion:
    """The videos of ``videoset.csv``, a class for each pair of actor and action that occurs.

    Lines are ``video, label, start, end, height, width, frames, annotated frames, usage``; a usage of 0 is training, of
    1 testing. Annotated are three to five frames of a video. The k-th instance of a label in one frame and the k-th in
    another are one tube, which is sparse.

    Args:
        root: folder of ``videoset.csv`` and ``Annotations/mat/<video>/<frame>.mat``, frames counted from 1.

    Raises:
        InputError: naming file, line, video and value, if anything is not as described here and in ``read_a2d_frame``.
    """
    root = Path(root)
    path = root / "videoset.csv"
    rows = _read_rows(path)
    instances = {row.video: _read_instances(root / "Annotations" / "mat" / row.video) for row in rows}
    labels = {row.label for row in rows} | {label for of in instances.values() for label, _ in of or ()}
    index = {label: number for number, label in enumerate(sorted(labels))}
    videos = []
    for row in rows:
        try:
            tubes = _tubes(instances[row.video], index)
            videos.append(LabelledVideo(row.video, row.split, index[row.label], row.num_frames, row.size, tubes))
        except ValueError as error:
            raise InputError(f"{path}: video {row.video}: {error}") from error
    without = [row.video for row in rows if instances[row.video] is None]
    notes = [enumeration(len(without), "videos have no folder in Annotations/mat", without)] if without else []
    classes = tuple(a2d_class(label) for label in index)
    class_actors = tuple(ACTORS[label // 10 - 1] for label in index)
    try:
        return Conversion(VideoCollection("a2d", classes, tuple(videos), class_actors, COCO_ACTORS), tuple(notes))
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def _read_rows(path: Path) -> list[_Row]:
    rows = []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            for number, cells in enumerate(csv.reader(file), start=1):
                if not cells or (number == 1 and not cells[-1].strip().isdigit()):  # some copies have a header
                    continue
                try:
                    rows.append(_read_row(cells))
                except ValueError as error:
                    raise InputError(f"{path}, line {number}: {','.join(cells)!r}: {error}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: is no CSV file ({error})") from error
    if not rows:
        raise InputError(f"{path}: lists no video")
    return rows


def _read_row(cells: Sequence[str]) -> _Row:
    if len(cells) != 9:
        raise ValueError(f"expected 9 values, got {len(cells)}")
    label, height, width, num_frames, usage = (int(cells[column]) for column in (1, 4, 5, 6, 8))
    if usage not in (0, 1):
        raise ValueError(f"usage must be 0 or 1, got {usage}")
    return _Row(cells[0].strip(), a2d_label(label), (width, height), num_frames, SPLITS[usage])


def _read_instances(folder: Path) -> dict[tuple[int, int], list[tuple[int, np.ndarray]]] | None:
    """Frames and boxes of every instance ``(label, number among those of the label)``; None without annotation."""
    if not folder.is_dir():
        return None
    frames = {}
    for path in folder.glob("*.mat"):
        if not path.stem.isdecimal() or int(path.stem) < 1:
            raise InputError(f"{path}: its name must be the number of a frame, from 1")
        frames[int(path.stem) - 1] = path
    instances = defaultdict(list)
    for frame in sorted(frames):
        seen: Counter[int] = Counter()
        for box, label in zip(*read_a2d_frame(frames[frame]), strict=True):
            instances[label, seen[label]].append((frame, box))
            seen[label] += 1
    return dict(instances)


def _tubes(
    instances: Mapping[tuple[int, int], list[tuple[int, np.ndarray]]] | None, index: Mapping[int, int]
) -> tuple[Tube, ...] | None:
    if instances is None:
        return None
    tubes = []
    for (label, _), boxes in instances.items():
        tubes.append(tube_of_frames(np.array([frame for frame, _ in boxes]), [box for _, box in boxes], index[label]))
    return tuple(tubes)

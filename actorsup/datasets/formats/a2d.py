"""A2D, the Actor-Action Dataset: 3,782 videos of people, animals, balls and cars.

``Annotations/mat/<video>/<frame>.mat`` annotates one frame, counted from 1: a Matlab 7.3 file, which is HDF5.
``reBBox (4, n)``: ``x1 y1 x2 y2`` of ``n`` instances, pixels from 1, both corners inside. ``id``: their labels,
actor × 10 + action. The layout is known from code that reads it, not checked against the dataset.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from actorsup.errors import InputError
from actorsup.io.reading import brief, naming, read_csv
from actorsup.registry import DATASET_FORMATS

from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .reading import box_array, notes_of, number_of, tube_of_frames

ACTORS = ("adult", "baby", "ball", "bird", "car", "cat", "dog")
ACTIONS = ("climbing", "crawling", "eating", "flying", "jumping", "rolling", "running", "walking", "none")
COCO_ACTORS = ("person", "sports ball", "bird", "car", "cat", "dog")
SPLITS = ("train", "test")  # by usage

# Frames and boxes by label and number among the instances of the label in a frame.
Instances = dict[tuple[int, int], list[tuple[int, np.ndarray]]]


@DATASET_FORMATS.register_module()
@dataclass(frozen=True)
class A2D(DatasetFormat):
    """The videos of ``videoset.csv``, a class for each pair of actor and action that occurs.

    Lines are ``video, label, start, end, height, width, frames, annotated frames, usage``; usage 0 is training, 1
    testing. Three to five frames of a video are annotated. The k-th instances of a label in all frames are one sparse
    tube. A video shows the classes of its line and of its annotated frames.

    ``data_root`` is the folder of ``ann_file`` and of ``Annotations/mat``.
    """

    ann_file: str | Path = "videoset.csv"

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        if not (rows := list(self._rows())):
            raise ValueError("lists no video")
        folder = self.below_root("Annotations/mat")
        instances = {row.video: _read_instances(folder / row.video) for row in rows}
        found = {row.label for row in rows} | {label for of in instances.values() for label, _ in of or ()}
        index = {label: number for number, label in enumerate(sorted(found))}
        videos, without = [], []
        for row in rows:
            tubes, shown = None, {row.label, *(label for label, _ in instances[row.video] or ())}
            with naming(f"video {row.video}"):
                if (of_video := instances[row.video]) is None:
                    without.append(row.video)
                else:
                    tubes = tuple(
                        tube_of_frames(*zip(*boxes, strict=True), index[label], first=1)
                        for (label, _), boxes in of_video.items()
                    )
                labels = tuple(index[label] for label in shown)
                videos.append(LabelledVideo(row.video, row.split, labels, row.num_frames, row.size, tubes))
        return VideoCollection(
            "a2d",
            tuple(f"{ACTORS[label // 10 - 1]}-{ACTIONS[label % 10 - 1]}" for label in index),
            tuple(videos),
            tuple(ACTORS[label // 10 - 1] for label in index),
            COCO_ACTORS,
            notes_of({"videos have no folder in Annotations/mat": without}),
        )

    def _rows(self) -> Iterator["_Row"]:
        for number, cells in read_csv(self.path):
            if number == 1 and not cells[-1].strip().isdigit():  # some copies have a header
                continue
            with naming(f"{self.path}, line {number}: {','.join(cells)!r}", InputError):
                if len(cells) != 9:
                    raise ValueError(f"expected 9 values, got {len(cells)}")
                label, height, width, num_frames, usage = (number_of(cells[column], int) for column in (1, 4, 5, 6, 8))
                if usage not in (0, 1):
                    raise ValueError(f"usage must be 0 or 1, got {usage}")
                yield _Row(cells[0].strip(), _require_label(label), (width, height), num_frames, SPLITS[usage])


class _Row(NamedTuple):
    video: str
    label: int
    size: tuple[int, int]
    num_frames: int
    split: str


def _read_instances(folder: Path) -> Instances | None:
    """The instances of a video; None without annotation."""
    if not folder.is_dir():
        return None
    frames = {}
    for path in folder.glob("*.mat"):
        if not path.stem.isdecimal() or int(path.stem) < 1:
            raise InputError(f"{path}: its name must be the number of a frame, from 1")
        frames[int(path.stem)] = path
    instances: Instances = defaultdict(list)
    for frame in sorted(frames):
        seen: Counter[int] = Counter()
        for box, label in zip(*read_a2d_frame(frames[frame]), strict=True):
            instances[label, seen[label]].append((frame, box))
            seen[label] += 1
    return dict(instances)


def read_a2d_frame(path: str | Path) -> tuple[np.ndarray, list[int]]:
    """Boxes ``(n, 4)`` in continuous pixels and labels in a frame; wrong ones are an ``InputError``."""
    with naming(path, InputError):
        try:
            with h5py.File(path) as file:
                boxes, labels = (_array(file, name) for name in ("reBBox", "id"))
        except ValueError:
            raise
        except Exception as error:  # a damaged file can raise nearly anything
            raise ValueError(f"cannot be read as HDF5 ({type(error).__name__}: {error})") from error
        if labels.size == 0 and boxes.size == 0:
            return np.zeros((0, 4)), []
        codes = [_require_label(value) for value in labels.ravel().tolist()]
        if boxes.shape != (4, len(codes)):
            raise ValueError(f"{len(codes)} labels need 'reBBox' of shape (4, {len(codes)}), got {boxes.shape}")
        return box_array(boxes.T) - [1, 1, 0, 0], codes


def _require_label(value) -> int:
    """A label, if it is an actor × 10 + an action."""
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1
    if not whole or not 1 <= value // 10 <= len(ACTORS) or not 1 <= value % 10 <= len(ACTIONS):
        raise ValueError(f"label {brief(value)} is no actor (1..{len(ACTORS)}) × 10 + action (1..{len(ACTIONS)})")
    return int(value)


def _array(file: h5py.File, name: str) -> np.ndarray:
    """An array of numbers; Matlab keeps one without elements as its sizes."""
    data = file.get(name)
    if not isinstance(data, h5py.Dataset) or data.dtype.kind not in "iuf":
        raise ValueError(f"expected an array of numbers named {name!r}")
    return np.zeros(0) if data.attrs.get("MATLAB_empty", 0) else np.asarray(data[()])

"""The ground truth of ACT-detector, MOC, YOWO and mmaction2: a pickle of builtin containers and arrays.

``labels``: class names. ``train_videos``, ``test_videos``: a list of names for each split number; one may be absent.
``nframes[video]``, ``resolution[video] = (height, width)``. ``gttubes[video][label]``: a list of arrays ``(T, 5)`` with
rows ``frame x1 y1 x2 y2``, the frame counted from 1, the corners taken as continuous pixels.
"""

import pickle
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actorsup.errors import InputError
from actorsup.io.files import save
from actorsup.io.reading import brief, naming, require, value_of
from actorsup.registry import DATASET_FORMATS

from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .pickle_file import load_pickle
from .reading import box_array, names_of, notes_of, number_array, require_label, tube_of_frames

SPLITS = {"train_videos": "train", "test_videos": "test"}


@DATASET_FORMATS.register_module()
@dataclass(frozen=True)
class ACTPickle(DatasetFormat):
    """One split, by number from 1, of such a pickle, read without running its code.

    A video shows the classes of its tubes, and that of its folder where that is one.
    """

    split_number: int = 1

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        content = load_pickle(self.path)
        classes = names_of(content, "labels")
        videos = []
        for key, split in SPLITS.items():
            for video in self._listed(content, key):
                with naming(f"video {video}"):
                    videos.append(_read_video(content, video, split, classes))
        return VideoCollection(self.path.stem, classes, tuple(videos))

    def _listed(self, content: Mapping, key: str) -> tuple[str, ...]:
        splits = content.get(key, ())
        if not splits and any(content.get(other) for other in SPLITS if other != key):
            return ()
        if not isinstance(splits, (list, tuple)) or not 1 <= self.split_number <= len(splits):
            raise ValueError(f"{key!r} has no split {self.split_number}, it is {brief(splits)}")
        return names_of({key: splits[self.split_number - 1]}, key)


def write_act_pickle(path: str | Path, collection: VideoCollection) -> tuple[str, ...]:
    """Write the annotated videos of the splits ``train`` and ``test``; of sparse tubes the marked frames only.

    Returns notes about what is left out. An ``InputError`` names a video whose number of frames or size is unknown.
    """
    content = {"labels": list(collection.classes), "nframes": {}, "resolution": {}, "gttubes": {}}
    content |= {key: [[]] for key in SPLITS}
    keys = {name: key for key, name in SPLITS.items()}
    left_out: dict[str, list[str]] = defaultdict(list)
    for video in collection.videos:
        if video.tubes is None or video.split not in keys:
            what = "without annotation" if video.tubes is None else f"of the split {video.split!r}"
            left_out[f"videos {what} are left out"].append(video.video)
            continue
        if video.num_frames is None or video.size is None:
            raise InputError(f"video {video.video}: this layout needs 'num_frames' and 'size', which are not known")
        content[keys[video.split]][0].append(video.video)
        content["nframes"][video.video] = video.num_frames
        content["resolution"][video.video] = video.size[::-1]
        tubes = content["gttubes"][video.video] = {}
        for tube in video.tubes:
            frames = tube.marked_frames
            rows = np.concatenate([(frames[:, None] + 1).astype(np.float32), tube.boxes_at(frames)], axis=1)
            tubes.setdefault(tube.label, []).append(rows)
    save(path, pickle.dumps(content, protocol=4))
    return notes_of(left_out)


def _read_video(content: Mapping, video: str, split: str, classes: Sequence[str]) -> LabelledVideo:
    num_frames, size, by_label = (
        value_of(value_of(content, key), video) for key in ("nframes", "resolution", "gttubes")
    )
    if not isinstance(size, (list, tuple, np.ndarray)) or np.shape(size) != (2,):
        raise ValueError(f"'resolution' must be (height, width), got {brief(size)}")
    height, width = (require(side, "resolution", int) for side in size)
    tubes = []
    for key, arrays in require(by_label, "gttubes", Mapping).items():
        label = require_label(key, classes)
        for index, array in enumerate(require(arrays, f"tubes of label {label}", Sequence)):
            with naming(f"label {label}, tube {index}"):
                rows = number_array(array, 5)
                tubes.append(tube_of_frames(rows[:, 0], box_array(rows[:, 1:]), label, first=1))
    labels = {tube.label for tube in tubes}
    if (folder := video.split("/")[0]) in classes:
        labels.add(classes.index(folder))
    num_frames = require(num_frames, "nframes", int)
    return LabelledVideo(video, split, tuple(labels), num_frames, (width, height), tuple(tubes))

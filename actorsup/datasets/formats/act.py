"""The ground truth of ACT-detector, which MOC, YOWO and mmaction2 took over: a pickle of builtin containers and arrays.

``labels``: class names. ``train_videos``, ``test_videos``: a list of names a split; one of the two may be absent.
``nframes[video]``, ``resolution[video] = (height, width)``. ``gttubes[video][label]``: a list of arrays ``(T, 5)`` with
rows ``frame x1 y1 x2 y2``, the frame counted from 1. The corners are taken as they are, as continuous pixels.
"""

import pickle
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import Tube

from .collection import LabelledVideo, VideoCollection
from .fields import MAX_FRAMES, box_array, brief, field, tube_of_frames, whole_number
from .pickle_file import load_pickle

SPLITS = {"train_videos": "train", "test_videos": "test"}


def is_act_content(content) -> bool:
    """Whether what was in a pickle has this layout."""
    return isinstance(content, Mapping) and "gttubes" in content


def read_act_pickle(path: str | Path, split: int = 1) -> VideoCollection:
    """The videos of one split; those of other splits alone are left out.

    The label of a video is that of its folder where that is a class, else the one that most boxes of it have.

    Args:
        path: the file. It can run no code: see ``load_pickle``.
        split: number of the split, from 1.

    Raises:
        InputError: naming file, video and value, if anything in it is not as described above.
    """
    content = load_pickle(path)
    try:
        classes = tuple(str(name) for name in _list(content, "labels"))
        videos = []
        for key, name in SPLITS.items():
            for video in _split(content, key, split):
                try:
                    videos.append(_read_video(content, str(video), name, classes))
                except ValueError as error:
                    raise ValueError(f"video {video!s}: {error}") from error
        return VideoCollection(Path(path).stem, classes, tuple(videos))
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def write_act_pickle(path: str | Path, collection: VideoCollection) -> None:
    """Write the annotated videos of the splits ``train`` and ``test``, with the marked frames of sparse tubes only.

    Raises:
        InputError: naming the video, if its number of frames or its size is not known.
    """
    content = {"labels": list(collection.classes), "nframes": {}, "resolution": {}, "gttubes": {}}
    content |= {key: [[]] for key in SPLITS}
    keys = {name: key for key, name in SPLITS.items()}
    for video in collection.videos:
        if video.tubes is None or video.split not in keys:
            continue
        if video.num_frames is None or video.size is None:
            raise InputError(f"video {video.video}: this layout needs 'num_frames' and 'size', which are not known")
        content[keys[video.split]][0].append(video.video)
        content["nframes"][video.video] = video.num_frames
        content["resolution"][video.video] = (video.size[1], video.size[0])
        tubes = content["gttubes"][video.video] = {}
        for tube in video.tubes:
            tubes.setdefault(tube.label, []).append(_rows(tube))
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(pickle.dumps(content, protocol=4))


def _list(content: Mapping, key: str) -> Sequence:
    value = field(content, key)
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{key!r} must be a list of names, got {brief(value)}")
    return value


def _split(content: Mapping, key: str, split: int) -> Sequence[str]:
    splits = content.get(key, ())
    if not splits and any(content.get(other) for other in SPLITS if other != key):
        return ()
    if not isinstance(splits, (list, tuple)) or not 1 <= split <= len(splits):
        raise ValueError(f"{key!r} has no split {split}, it is {brief(splits)}")
    return _list({key: splits[split - 1]}, key)


def _read_video(content: Mapping, video: str, split: str, classes: Sequence[str]) -> LabelledVideo:
    num_frames = whole_number(field(content, "nframes"), video)
    by_label = field(field(content, "gttubes"), video)
    if not isinstance(by_label, Mapping):
        raise ValueError(f"'gttubes' must be a dictionary by label, got {brief(by_label)}")
    tubes, num_boxes = [], Counter()
    for label, arrays in by_label.items():
        if isinstance(label, bool) or not isinstance(label, (int, np.integer)) or not 0 <= label < len(classes):
            raise ValueError(f"label {brief(label)} is outside 0..{len(classes) - 1}")
        if not isinstance(arrays, (list, tuple)):
            raise ValueError(f"label {label}: expected a list of arrays, got {brief(arrays)}")
        for index, array in enumerate(arrays):
            tube = _read_tube(f"label {label}, tube {index}", array, int(label))
            tubes.append(tube)
            num_boxes[tube.label] += len(tube)
    return LabelledVideo(
        video, split, _label(video, classes, num_boxes), num_frames, _size(content, video), tuple(tubes)
    )


def _label(video: str, classes: Sequence[str], num_boxes: Counter) -> int:
    folder = video.split("/")[0]
    if folder in classes:
        return list(classes).index(folder)
    if not num_boxes:
        raise ValueError(f"has no tube, and its folder {folder!r} is no class: its label is not known")
    return num_boxes.most_common(1)[0][0]


def _size(content: Mapping, video: str) -> tuple[int, int]:
    size = field(field(content, "resolution"), video)
    if not isinstance(size, (list, tuple, np.ndarray)) or len(size) != 2:
        raise ValueError(f"'resolution' must be (height, width), got {brief(size)}")
    sides = dict(zip(("height", "width"), size, strict=True))
    return whole_number(sides, "width"), whole_number(sides, "height")


def _read_tube(name: str, array, label: int) -> Tube:
    array = np.asarray(array)
    if array.ndim != 2 or array.shape[1] != 5 or array.dtype.kind not in "iuf":
        raise ValueError(f"{name}: expected an array of five columns, got {array.shape} of type {array.dtype}")
    frames, boxes = array[:, 0].astype(np.float64), box_array(array[:, 1:], name)
    whole = (frames == np.round(frames)) & (frames >= 1) & (frames <= MAX_FRAMES)
    if not whole.all():
        raise ValueError(f"{name}: frames must be whole numbers from 1, got {frames[~whole][0]}")
    try:
        return tube_of_frames(frames - 1, boxes, label)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _rows(tube: Tube) -> np.ndarray:
    """``(n, 5)`` float32: frame from 1, and corners."""
    marked = np.arange(len(tube)) if tube.annotated is None else np.flatnonzero(tube.annotated)
    frames = (tube.start + marked + 1).astype(np.float32)
    return np.concatenate([frames[:, None], tube.boxes[marked]], axis=1)

"""THUMOS13: split lists, and the annotation of UCF101-24 in each format that it is found in.

``pyannot.pkl``: the corrected annotation of UCF101-24 (gurkirt/corrected-UCF101-Annots).

``{video: {numf, label, annotations: [{label, sf, ef, boxes}]}}``: ``sf`` is the first frame, 0-based, ``ef`` the frame
after the last. ``boxes (ef - sf, 4)`` are ``x y w h`` in pixels counted from 1 at 320×240, stored as uint8 or uint16.

Matlab files of UCF101-24: ``finalAnnots.mat``, the corrected annotation, and ``annot_apt.mat``, the one before it.

A struct array ``annot`` with ``name``, ``num_imgs``, ``tubes``, or ``videos`` with ``name``, ``num_images``, ``tubes``.
A tube has ``sf`` and ``ef``, its first and its last frame from 1, ``class`` from 1, and ``boxes (ef - sf + 1, 4)``:
``x y w h`` in pixels counted from 1 at 320×240.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from actorsup.errors import InputError
from actorsup.structures import Tube

from .act import is_act_content, read_act_pickle
from .collection import LabelledVideo, VideoAnnotation, VideoCollection
from .conversion import Conversion, enumeration
from .fields import field, whole_number
from .pickle_file import load_pickle
from .split_list import read_class_index, read_split_list

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


def read_ucf101_annotation(path: str | Path, classes: Sequence[str]) -> dict[str, VideoAnnotation]:
    """The annotation of every video, by its name ``Class/v_Class_g01_c01``.

    Args:
        path: ``pyannot.pkl``, ``finalAnnots.mat``, ``annot_apt.mat``, or a pickle of ACT-detector's layout, of which
            the first split is read; which of the pickles it is, its content says.
        classes: class names in the order of the file's labels.

    Raises:
        InputError: naming file, video and value, if anything in it is wrong.
    """
    if Path(path).suffix == ".mat":
        return read_matlab_annotation(path, classes)
    if not is_act_content(load_pickle(path)):
        return read_pyannot(path, classes)
    collection = read_act_pickle(path)
    if collection.classes != tuple(classes):
        raise InputError(f"{path}: its labels are {', '.join(collection.classes)}, expected {', '.join(classes)}")
    return {video.video: video.annotation for video in collection.videos}


def read_ucf101_list(path: str | Path, classes: Sequence[str]) -> list[tuple[str, int]]:
    """A split list, see ``read_split_list``; where ``classInd.txt`` lies beside it, one of all classes of UCF101."""
    class_index = Path(path).with_name("classInd.txt")
    return read_split_list(path, classes, read_class_index(class_index) if class_index.is_file() else None)


CLASSES = (
    "Basketball",
    "BasketballDunk",
    "Biking",
    "CliffDiving",
    "CricketBowling",
    "Diving",
    "Fencing",
    "FloorGymnastics",
    "GolfSwing",
    "HorseRiding",
    "IceDancing",
    "LongJump",
    "PoleVault",
    "RopeClimbing",
    "SalsaSpin",
    "SkateBoarding",
    "Skiing",
    "Skijet",
    "SoccerJuggling",
    "Surfing",
    "TennisSwing",
    "TrampolineJumping",
    "VolleyballSpiking",
    "WalkingWithDog",
)
ACTORS = ("person",)


def convert_thumos13(annotation: str | Path, train_list: str | Path, test_list: str | Path) -> Conversion:
    """The videos of two split lists; a note names those without annotation.

    Args:
        annotation: see ``read_ucf101_annotation``.
        train_list: see ``read_ucf101_list``.
        test_list: likewise.

    Raises:
        InputError: naming file, video and value, if anything in a file is wrong, or the lists share a video.
    """
    annotations = read_ucf101_annotation(annotation, CLASSES)
    videos: dict[str, LabelledVideo] = {}
    for path, split in ((train_list, "train"), (test_list, "test")):
        for video, label in read_ucf101_list(path, CLASSES):
            if video in videos:
                raise InputError(f"{path}: video {video} is in {train_list} too")
            known = annotations.get(video)
            videos[video] = (
                LabelledVideo(video, split, label)
                if known is None
                else LabelledVideo(video, split, label, known.num_frames, known.size, known.tubes)
            )
    without = [video for video in videos if video not in annotations]
    unlisted = [video for video in annotations if video not in videos]
    notes = []
    if without:
        notes.append(enumeration(len(without), f"videos have no annotation in {annotation}", without))
    if unlisted:
        notes.append(enumeration(len(unlisted), "annotated videos are in neither list and left out", unlisted))
    collection = VideoCollection("thumos13", CLASSES, tuple(videos.values()), ACTORS * len(CLASSES), ACTORS)
    return Conversion(collection, tuple(notes))

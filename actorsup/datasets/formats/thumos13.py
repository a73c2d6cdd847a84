"""THUMOS13: split lists, and the annotation of UCF101-24 in each form in which it is found.

``pyannot.pkl``, the corrected annotation (gurkirt/corrected-UCF101-Annots)::

    {video: {numf, label, annotations: [{label, sf, ef, boxes}]}}

``sf`` is the first frame, from 0, ``ef`` the frame after the last; ``boxes (ef - sf, 4)`` are ``x y w h`` in pixels
counted from 1 at 320×240.

``finalAnnots.mat``, the same, and its predecessor ``annot_apt.mat``: a struct array ``annot`` with ``name``,
``num_imgs``, ``tubes``, or ``videos`` with ``name``, ``num_images``, ``tubes``. A tube differs in ``sf`` and ``ef``,
its first and last frame from 1, and ``class``, from 1.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from actorsup.errors import InputError, MissingSplitError
from actorsup.io.reading import naming, read_lines, require, value_of
from actorsup.registry import DATASET_FORMATS
from actorsup.structures import Tube

from .act import ACTPickle
from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .matlab_file import read_matlab
from .pickle_file import load_pickle
from .reading import notes_of, number_array, require_label

# fmt: off
CLASSES = (
    "Basketball", "BasketballDunk", "Biking", "CliffDiving", "CricketBowling", "Diving", "Fencing",
    "FloorGymnastics", "GolfSwing", "HorseRiding", "IceDancing", "LongJump", "PoleVault", "RopeClimbing",
    "SalsaSpin", "SkateBoarding", "Skiing", "Skijet", "SoccerJuggling", "Surfing", "TennisSwing",
    "TrampolineJumping", "VolleyballSpiking", "WalkingWithDog",
)
# fmt: on
SIZE = (320, 240)
NO_VIDEOS = VideoCollection("thumos13", CLASSES, (), class_actors=("person",) * len(CLASSES), actors=("person",))

LINE = re.compile(
    r"(?P<video>(?P<folder>\w[^/\s]*)/\w[^/\s]*?)(?:\.(?:avi|mp4|mkv|webm|mov))?(?:\s+(?P<number>\d{1,9}))?",
    re.ASCII | re.IGNORECASE,
)
CLASS_LINE = re.compile(r"(?P<number>\d{1,9})\s+(?P<name>\w[^/\s]*)", re.ASCII)
MATLAB_LAYOUTS = {"annot": "num_imgs", "videos": "num_images"}


@DATASET_FORMATS.register_module()
@dataclass(frozen=True)
class THUMOS13(DatasetFormat):
    """The 24 classes of UCF101 that have boxes: 3,207 videos, 2,293 for training and 914 for testing in split 1.

    ``pyannot.pkl`` has 3,194 of them, 2,284 of training and 910 of testing, with 4,458 tubes, 1,315 of them in testing.
    ``finalAnnots.mat`` holds the same boxes, ``annot_apt.mat`` an older annotation of 3,204 videos and 4,205 tubes.

    Args:
        ann_file: one of these, or a pickle of ACT-detector's layout, of which the first split is read.
        split_lists: list of the videos of each split, see ``read_split_list``.
    """

    ann_file: str | Path = "pyannot.pkl"
    split_lists: Mapping[str, str | Path] = field(
        default_factory=lambda: {"train": "splits/trainlist01.txt", "test": "splits/testlist01.txt"}
    )

    source = "pyannot.pkl, the corrected annotation, from the GitHub repository gurkirt/corrected-UCF101-Annots"
    videos_source = "the videos of the 24 classes, as Class/v_Class_g01_c01.avi, from UCF101's home page (CRCV, UCF)"

    def files(self, splits: Sequence[str] | None, with_tubes: bool) -> Mapping[Path, str]:
        """See ``DatasetFormat.files``."""
        of_lists = "trainlist01.txt or testlist01.txt of the THUMOS13 release, lines 'Class/v_Class_g01_c01.avi 1'"
        lists = dict.fromkeys(self._lists(splits).values(), of_lists)
        return {**lists, self.path: self.source} if with_tubes else lists

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        annotated = self.annotated() if with_tubes else {}
        videos: dict[str, LabelledVideo] = {}
        for split, path in self._lists(splits).items():
            for video, label in read_split_list(path, CLASSES):
                if video in videos:
                    raise InputError(f"{path}: video {video} is in the list of {videos[video].split!r} too")
                videos[video] = replace(annotated.get(video, LabelledVideo(video, split, (label,))), split=split)
        notes = {
            f"videos have no annotation in {self.path}": [
                name for name in videos if with_tubes and name not in annotated
            ],
            "annotated videos are in no list and left out": [name for name in annotated if name not in videos],
        }
        return replace(NO_VIDEOS, videos=tuple(videos.values()), notes=notes_of(notes))

    def annotated(self) -> dict[str, LabelledVideo]:
        """See ``DatasetFormat.annotated``; no split list is needed."""
        return read_ucf101_annotation(self.path, CLASSES)

    def metainfo(self) -> dict:
        """See ``DatasetFormat.metainfo``."""
        return NO_VIDEOS.metainfo

    def _lists(self, splits: Sequence[str] | None) -> dict[str, Path]:
        if unknown := [split for split in splits or () if split not in self.split_lists]:
            raise MissingSplitError(f"split_lists has no split {unknown[0]!r}, only {', '.join(self.split_lists)}")
        chosen = self.split_lists if splits is None else splits
        return {split: self.below_root(self.split_lists[split]) for split in chosen}


def read_class_index(path: str | Path) -> dict[str, int]:
    """Number of every class in UCF101's ``classInd.txt``, lines ``1 ApplyEyeMakeup``."""
    numbers: dict[str, int] = {}
    for line_number, line in read_lines(path):
        with naming(f"{path}, line {line_number}: {line!r}", InputError):
            match = CLASS_LINE.fullmatch(line)
            if match is None:
                raise ValueError("expected '1 Class'")
            if match["name"] in numbers or int(match["number"]) in numbers.values():
                raise ValueError("the class or its number was listed before")
            numbers[match["name"]] = int(match["number"])
    return numbers


def read_split_list(path: str | Path, classes: Sequence[str]) -> list[tuple[str, int]]:
    """Name ``Class/v_Class_g01_c01``, without suffix, and label, from 0, of every video in the list's order.

    A line is ``Class/v_Class_g01_c01.avi 1``; the number, from 1, is optional. Where UCF101's ``classInd.txt`` lies
    beside the list, it has the numbers, and videos of other classes than ``classes`` are left out.

    Raises:
        InputError: naming file and line, if a line is broken, its class unknown, its number another one's or its video
            listed before; or if the file lists no video.
    """
    class_index = Path(path).with_name("classInd.txt")
    numbers = {name: label for label, name in enumerate(classes, start=1)}
    if class_index.is_file():
        numbers = read_class_index(class_index)
    labels: dict[str, str] = {}
    for line_number, line in read_lines(path):
        with naming(f"{path}, line {line_number}: {line!r}", InputError):
            match = LINE.fullmatch(line)
            if match is None or not match["video"].isprintable():
                raise ValueError("expected 'Class/video.avi' or 'Class/video.avi 1'")
            video, folder, number = match.group("video", "folder", "number")
            if folder not in numbers:
                raise ValueError(f"unknown class {folder!r}; the {len(numbers)} classes are {', '.join(numbers)}")
            if number is not None and int(number) != numbers[folder]:
                raise ValueError(f"the number {number} contradicts the class: {folder} is {numbers[folder]}")
            if video in labels:
                raise ValueError("the video was listed before")
            labels[video] = folder
    listed = [(video, classes.index(folder)) for video, folder in labels.items() if folder in classes]
    if not listed:
        raise InputError(f"{path}: lists no video of the {len(classes)} classes")
    return listed


def read_ucf101_annotation(path: str | Path, classes: Sequence[str]) -> dict[str, LabelledVideo]:
    """Every annotated video by its name ``Class/v_Class_g01_c01``, from any of the files that ``THUMOS13`` reads.

    ``classes`` are in the order of the file's labels, which have to agree with the folders in the videos' names.

    Raises:
        InputError: naming file, video and value, if anything in the file is wrong.
    """
    if Path(path).suffix == ".mat":
        entries = _matlab_entries(path, classes)
    else:
        content = load_pickle(path)
        if not isinstance(content, Mapping):
            raise InputError(f"{path}: expected a dictionary of videos, got {type(content).__name__}")
        if "gttubes" in content:
            collection = ACTPickle(path).read()
            if collection.classes != tuple(classes):
                found = ", ".join(collection.classes)
                raise InputError(f"{path}: its labels are {found}, expected {', '.join(classes)}")
            return {video.video: video for video in collection.videos}
        entries = content.items()
    annotated: dict[str, LabelledVideo] = {}
    for video, entry in entries:
        with naming(f"{path}: video {video!s}", InputError):
            if video in annotated:
                raise ValueError("is there several times")
            annotated[str(video)] = _read_video(video, entry, classes)
    return annotated


def _read_video(video: str, entry: Mapping, classes: Sequence[str]) -> LabelledVideo:
    folder = require(video, "name", str).split("/")[0]
    num_frames, label = value_of(entry, "numf", int), require_label(value_of(entry, "label"), classes)
    if folder != classes[label]:
        raise ValueError(f"label {label} is {classes[label]}, which is not the video's folder")
    tubes = []
    for index, tube in enumerate(value_of(entry, "annotations", Sequence)):
        with naming(f"tube {index}"):
            tubes.append(_read_tube(tube, label, num_frames))
    return LabelledVideo(str(video), "all", (label,), num_frames, SIZE, tuple(tubes))


def _read_tube(entry: Mapping, video_label: int, num_frames: int) -> Tube:
    label, first, end = (value_of(entry, key, int) for key in ("label", "sf", "ef"))
    if label != video_label:
        raise ValueError(f"label {label}, the video has label {video_label}")
    if not 0 <= first < end <= num_frames:
        raise ValueError(f"sf = {first} and ef = {end} are no range within the video's {num_frames} frames")
    boxes = number_array(value_of(entry, "boxes"), 4)
    if len(boxes) != end - first:
        raise ValueError(f"sf = {first} and ef = {end} need {end - first} boxes, got {len(boxes)}")
    with np.errstate(invalid="ignore"):
        corners = np.cumsum(boxes.reshape(-1, 2, 2), axis=1).reshape(-1, 4) - 1  # pixel 1 reaches from 0 to 1
    good = (corners[:, :2] >= 0) & (corners[:, 2:] > corners[:, :2]) & (corners[:, 2:] <= SIZE)
    if not good.all():
        index = int(good.all(axis=1).argmin())
        raise ValueError(
            f"frame {first + index}: box x y w h = {boxes[index].tolist()} is empty or leaves the frame "
            f"of {SIZE[0]}x{SIZE[1]} pixels, counted from 1"
        )
    return Tube(first, corners, np.ones(end - first), 1.0, label)


def _matlab_entries(path: str | Path, classes: Sequence[str]) -> Iterator[tuple[str, dict]]:
    """The videos of a Matlab file as ``pyannot.pkl`` has them, labelled by their folders."""
    content = read_matlab(path)
    found = [name for name in MATLAB_LAYOUTS if name in content]
    if len(found) != 1:
        raise InputError(f"{path}: expected a variable named {' or '.join(MATLAB_LAYOUTS)}")
    with naming(path, InputError):
        records = _structs(content[found[0]])
    for number, record in enumerate(records, start=1):
        with naming(f"{path}: video number {number}", InputError):
            name = value_of(record, "name", str)
            folder = name.split("/")[0]
            if folder not in classes:
                raise ValueError(f"{folder!r} is none of the {len(classes)} classes")
            tubes = []
            for tube in _structs(value_of(record, "tubes")):
                label, first, end = (_number(tube, key) for key in ("class", "sf", "ef"))
                boxes = np.atleast_2d(value_of(tube, "boxes"))
                tubes.append({"label": label - 1, "sf": first - 1, "ef": end, "boxes": boxes})
            num_frames = _number(record, MATLAB_LAYOUTS[found[0]])
        yield name, {"numf": num_frames, "label": classes.index(folder), "annotations": tubes}


def _structs(value) -> Sequence:
    """A struct array; one without a struct may be kept as an array without numbers."""
    return [] if isinstance(value, np.ndarray) and not value.size else require(value, "a struct array", Sequence)


def _number(record: Mapping, key: str) -> int:
    """A whole number, which Matlab may keep as a floating point one."""
    value = value_of(record, key)
    return require(int(value) if isinstance(value, float) and value.is_integer() else value, key, int)

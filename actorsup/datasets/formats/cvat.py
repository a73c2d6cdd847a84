"""CVAT for video 1.1: an XML file for each video, of tracks whose boxes are listed by frame.

Frames are counted from 0, corners are continuous pixels. CVAT lists the box of every frame, says of each whether
somebody set it (``keyframe``), and interpolates the others linearly; a track is gone from a box with ``outside`` on.
"""

import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from xml.etree import ElementTree as ET

import numpy as np

from actorsup.datasets.video_files import strip_suffix
from actorsup.errors import InputError
from actorsup.io.files import save, save_json
from actorsup.io.reading import MAX_BYTES, naming, parse_xml, read_bytes, require
from actorsup.registry import DATASET_FORMATS
from actorsup.structures import Tube

from .ava import UNIT
from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .reading import box_array, notes_of, number_of, tube_of_frames
from .writing import annotated_videos, key_frames

SPLIT_OF_SUBSET = {"Train": "train", "Test": "test", "Validation": "val"}  # that CVAT proposes
SUBSET_OF_SPLIT = {split: subset for subset, split in SPLIT_OF_SUBSET.items()}
MEMBER = "annotations.xml"  # of an export
CORNERS = ("xtl", "ytl", "xbr", "ybr")


@DATASET_FORMATS.register_module()
@dataclass(frozen=True)
class CVAT(DatasetFormat):
    """Exports of video tasks in the format ``CVAT for video 1.1``.

    A track is a true tube of its label for each stretch in which it is there. The boxes that are listed count as
    annotated, for people saw them; frames that are not, as of a task that skips frames, are interpolated. Tracks of
    shapes other than boxes are left out. A video shows the classes of its tubes.

    A video is named by its file as CVAT knows it, or by the task where that is a path which ends in it, such as
    ``walk/0001`` for ``0001.mp4``.

    Args:
        ann_file: an XML file, an export (.zip), or a folder of them.
        split: of all videos; None takes each task's subset, ``train`` where it has none.
    """

    ann_file: str | Path = "cvat"
    split: str | None = None

    source = "an export of CVAT for video 1.1 (.xml or .zip), or a folder of them"

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        files = [self.path]
        if self.path.is_dir():
            files = sorted(path for path in self.path.rglob("*") if path.suffix.lower() in (".xml", ".zip"))
        if not files:
            raise ValueError("holds no .xml or .zip of CVAT")
        classes: dict[str, int] = {}
        videos: dict[str, LabelledVideo] = {}
        others: list[str] = []
        for file in files:
            with naming(file, InputError):
                task = _Task.read(_content(file))
                for name in task.classes:
                    classes.setdefault(name, len(classes))
                if task.video in videos:
                    raise ValueError(f"video {task.video}: is in another file too; name each task as its video")
                tubes = tuple(task.tubes(classes))
                labels = tuple({tube.label for tube in tubes})
                split = self.split or SPLIT_OF_SUBSET.get(task.subset, task.subset) or "train"
                videos[task.video] = LabelledVideo(task.video, split, labels, task.num_frames, task.size, tubes)
                others += [f"{task.video}, track {number}" for number in task.others]
        notes = notes_of({"tracks of shapes other than boxes are left out": others})
        return VideoCollection(self.path.stem, tuple(classes), tuple(videos.values()), notes=notes)


def write_cvat(folder: str | Path, collection: VideoCollection) -> tuple[str, ...]:
    """Write ``<video>.xml`` of each annotated video, to import as ``CVAT 1.1``, and ``labels.json`` for new tasks.

    Every box is in it, and CVAT imports the key frames (``key_frames``) alone, so that few are left to correct.
    Returns notes about what is left out. An ``InputError`` names a video whose number of frames or size is unknown.
    """
    for video in collection.videos:
        if video.tubes is not None and video.size == UNIT:
            raise InputError(f"video {video.video}: its boxes are shares of the frame, and CVAT needs pixels")
    videos, unmarked = annotated_videos(collection, ("num_frames", "size"))
    for video in videos:
        save(Path(folder) / f"{video.video}.xml", _xml_of(video, collection.classes))
    labels = [{"name": name, "type": "rectangle", "attributes": []} for name in collection.classes]
    save_json(Path(folder) / "labels.json", labels)
    return notes_of({"videos without annotation are left out": unmarked})


class _Task(NamedTuple):
    """What an XML file says of a video."""

    video: str
    subset: str
    classes: Sequence[str]
    num_frames: int | None
    size: tuple[int, int]
    step: int  # from one frame that was annotated to the next
    tracks: Sequence[ET.Element]

    @classmethod
    def read(cls, content: bytes) -> "_Task":
        root = parse_xml(content)
        meta = root.find("meta")
        if root.tag != "annotations" or meta is None:
            raise ValueError(f"expected <annotations> with <meta> of CVAT, got <{root.tag}>")
        if meta.find("project") is not None:
            raise ValueError("is the export of a project; export its tasks one by one")
        if root.find("image") is not None:
            raise ValueError("is an export of CVAT for images; export the task as CVAT for video 1.1")
        task = next((found for found in map(meta.find, ("task", "job")) if found is not None), None)
        if task is None:
            raise ValueError("<meta> has no <task>")
        classes = [
            require(label.findtext("name"), "label", str)
            for label in task.iterfind("labels/label")
            if not label.findtext("parent")  # which a part of a skeleton has
        ]
        size = tuple(
            _whole(task.findtext(f"original_size/{side}"), f"original_size/{side}") for side in ("width", "height")
        )
        kept = dict(part.split("=", 1) for part in (task.findtext("frame_filter") or "").split() if "=" in part)
        step = _whole(kept.get("step", "1"), "step")
        begins = _whole(task.findtext("start_frame") or "0", "start_frame")
        # Of a part of the video, the number of frames says nothing about the video.
        is_whole = task.tag == "task" and step == 1 and not begins
        num_frames = _whole(task.findtext("size"), "size") if is_whole else None
        source = task.findtext("source") or meta.findtext("source")
        name = strip_suffix(task.findtext("name") or "")
        if source is not None:
            source = strip_suffix(source)
            name = name if PurePosixPath(name).name == PurePosixPath(source).name else source
        subset = task.findtext("subset") or ""
        return cls(require(name, "name", str), subset, classes, num_frames, size, max(step, 1), root.findall("track"))

    @property
    def others(self) -> list[str]:
        """Numbers of the tracks of other shapes."""
        return [
            track.get("id", str(index))
            for index, track in enumerate(self.tracks)
            if len(track) and track.find("box") is None
        ]

    def tubes(self, classes: dict[str, int]) -> Iterator[Tube]:
        """The tubes of all tracks of boxes, labelled by the numbers of the classes."""
        for index, track in enumerate(self.tracks):
            with naming(f"track {track.get('id', index)}"):
                if (label := track.get("label")) not in self.classes:
                    raise ValueError(f"its label {label!r} is none of the task's: {', '.join(self.classes)}")
                boxes = sorted({_Box.read(element) for element in track.iterfind("box")})
                if repeated := [box.frame for box, after in pairwise(boxes) if box.frame == after.frame]:
                    raise ValueError(f"has several boxes in frame {repeated[0]}")
                last = max((box.frame for box in boxes if not box.is_outside), default=0)
                if self.num_frames is not None and last >= self.num_frames:
                    raise ValueError(f"has a box in frame {last}, the video has {self.num_frames} frames")
                for stretch in _stretches(boxes, self.step):
                    corners = box_array([box.corners for box in stretch])
                    yield tube_of_frames([box.frame for box in stretch], corners, classes[label])


class _Box(NamedTuple):
    frame: int
    is_outside: bool
    corners: tuple[float, ...]

    @classmethod
    def read(cls, element: ET.Element) -> "_Box":
        frame = _whole(element.get("frame"), "frame")
        with naming(f"frame {frame}"):
            corners = tuple(_number(element.get(key), key) for key in CORNERS)
            if _number(element.get("rotation", "0"), "rotation") % 360:
                raise ValueError(f"its box is turned by {element.get('rotation')} degrees; turn it back in CVAT")
            return cls(frame, _whole(element.get("outside", "0"), "outside") == 1, corners)


def _stretches(boxes: Sequence[_Box], step: int) -> Iterator[list[_Box]]:
    """The listed boxes of each stretch in which a track is there.

    Where boxes are left out before the one outside, the track is there up to it, on the way to that box.
    """
    stretch: list[_Box] = []
    for box in boxes:
        if not box.is_outside:
            stretch.append(box)
            continue
        if stretch:
            before, last = stretch[-1], box.frame - step
            if last > before.frame:
                share = (last - before.frame) / (box.frame - before.frame)
                corners = np.array(before.corners) * (1 - share) + np.array(box.corners) * share
                stretch.append(_Box(last, False, tuple(corners)))
            yield stretch
        stretch = []
    if stretch:
        yield stretch


def _whole(text: str | None, name: str) -> int:
    with naming(name):
        if text is None:
            raise ValueError("is not there")
        return number_of(text, int)


def _number(text: str | None, name: str) -> float:
    with naming(name):
        if text is None:
            raise ValueError("is not there")
        return number_of(text, float)


def _content(path: Path) -> bytes:
    """The XML of a file, which may be an export."""
    if not zipfile.is_zipfile(path):
        return read_bytes(path)
    try:
        with zipfile.ZipFile(path) as archive, archive.open(MEMBER) as file:
            content = file.read(MAX_BYTES + 1)
    except KeyError:
        raise InputError(f"{path}: holds no {MEMBER}; export the task as CVAT for video 1.1") from None
    except (OSError, EOFError, RuntimeError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: cannot be unpacked ({error})") from error
    if len(content) > MAX_BYTES:
        raise InputError(f"{path}: holds more than {MAX_BYTES} bytes; divide it")
    return content


def _xml_of(video: LabelledVideo, classes: Sequence[str]) -> bytes:
    root = ET.Element("annotations")
    ET.SubElement(root, "version").text = "1.1"
    task = ET.SubElement(ET.SubElement(root, "meta"), "task")
    subset = SUBSET_OF_SPLIT.get(video.split, video.split)
    entries = {"name": video.video, "size": video.num_frames, "mode": "interpolation", "subset": subset}
    for key, value in entries.items():
        ET.SubElement(task, key).text = str(value)
    labels = ET.SubElement(task, "labels")
    for name in classes:
        label = ET.SubElement(labels, "label")
        ET.SubElement(label, "name").text = name
        ET.SubElement(label, "attributes")
    size = ET.SubElement(task, "original_size")
    for key, side in zip(("width", "height"), video.size, strict=True):
        ET.SubElement(size, key).text = str(side)
    ET.SubElement(task, "source").text = PurePosixPath(video.video).name
    for number, tube in enumerate(video.tubes):
        track = ET.SubElement(root, "track", id=str(number), label=classes[tube.label], source="file")
        chosen = set(key_frames(tube).tolist())
        for frame in tube.marked_frames.tolist():
            _add_box(track, frame, tube, is_key=frame in chosen)
        if tube.end < video.num_frames:
            _add_box(track, tube.end, tube, is_key=True, is_outside=True)
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _add_box(track: ET.Element, frame: int, tube: Tube, is_key: bool, is_outside: bool = False) -> None:
    (corners,) = tube.boxes_at([frame])
    state = {"frame": frame, "keyframe": int(is_key), "outside": int(is_outside), "occluded": 0}
    values = (
        state | dict(zip(CORNERS, corners, strict=True)) | {"z_order": 0}
    )  # float32 is written as shortly as it can be
    ET.SubElement(track, "box", {key: str(value) for key, value in values.items()})

"""Label Studio: tasks of videos with rectangles that are followed (``VideoRectangle``), as JSON.

Frames are counted from 1, boxes are percent of the frame. The ``sequence`` of a region has key frames, between which
boxes are interpolated linearly. It is there up to a key frame that is not ``enabled``, that one included, or else to
the end of the video.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import quote, unquote
from xml.etree import ElementTree as ET

import numpy as np

from actorsup.datasets.video_files import VIDEO_SUFFIXES, find_videos, strip_suffix
from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.io.files import save
from actorsup.io.reading import (
    brief,
    finite,
    naming,
    parse_xml,
    read_bytes,
    read_json,
    require,
    require_layout,
    value_of,
)
from actorsup.registry import DATASET_FORMATS
from actorsup.structures import Tube

from .ava import UNIT
from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .reading import box_array, notes_of, tube_of_frames
from .writing import annotated_videos, key_frames

REGION = "videorectangle"
KEY_FRAME = {"frame": int, "x": finite, "y": finite, "width": finite, "height": finite}
UPLOADED = re.compile(r"[0-9a-f]{8}-(?=.)")  # what Label Studio puts before the name of a file that is uploaded
LOCAL_FILES = "/data/local-files/?d="


@DATASET_FORMATS.register_module()
@dataclass(frozen=True)
class LabelStudio(DatasetFormat):
    """An export of tasks of videos as JSON.

    A region is a true tube of its label, or of each of several, for each stretch in which it is there. All frames of it
    count as annotated, for people saw the boxes between the key frames. The size is ``(1, 1)``: boxes are shares of the
    frame. A video shows the classes of its tubes.

    A video is named by the task's ``video_name``, which ``write_label_studio`` writes, or else by its file. Of several
    annotations of a task the one that is ground truth is taken, or else the last.

    Args:
        ann_file: the export.
        label_config: XML of the labelling interface, whose labels are the classes; None takes those that occur, sorted.
        split: of all videos; None takes the task's ``split``, ``train`` where it has none.
    """

    ann_file: str | Path = "tasks.json"
    label_config: str | Path | None = None
    split: str | None = None

    source = "an export of Label Studio as JSON"

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        notes: dict[str, list[str]] = defaultdict(list)
        tasks = []
        for number, task in enumerate(require(read_json(self.path), "the export", Sequence), start=1):
            place = f"task {brief(task['id']) if isinstance(task, Mapping) and 'id' in task else number}"
            with naming(place):
                tasks += _read_task(place, task, notes)
        classes = self._classes(tasks)
        videos: dict[str, LabelledVideo] = {}
        for place, name, split, regions in tasks:
            with naming(place):
                if name in videos:
                    raise ValueError(f"video {name}: is that of another task too")
                tubes = []
                for region in regions:
                    with naming(f"region {region.name}"):
                        tubes += region.tubes(classes)
                labels = tuple({tube.label for tube in tubes})
                num_frames = max((region.num_frames for region in regions), default=None)
                split = self.split or split
                videos[name] = LabelledVideo(name, split, labels, num_frames, UNIT, tuple(tubes))
        return VideoCollection(self.path.stem, classes, tuple(videos.values()), notes=notes_of(notes))

    def _classes(self, tasks: Sequence["_Task"]) -> tuple[str, ...]:
        if self.label_config is None:
            found = {label for task in tasks for region in task.regions for label in region.labels}
            if not found:
                raise ValueError("has no label; name the XML of the labelling interface by label_config")
            return tuple(sorted(found))
        path = self.below_root(self.label_config)
        with naming(path, InputError):
            names = [label.get("value") for label in parse_xml(read_bytes(path)).iterfind(".//Labels/Label")]
            if not names:
                raise ValueError("has no <Label> in <Labels>")
            return tuple(require(name, "value", str) for name in names)


def write_label_studio(
    path: str | Path,
    collection: VideoCollection,
    videos: str | Path,
    address: str = LOCAL_FILES,
    key: str = "predictions",
) -> tuple[str, ...]:
    """Write tasks to import, ``….json``, and beside them ``….xml``, the code of the labelling interface.

    Of each tube the key frames are written (``key_frames``), so that few are left to correct.

    Args:
        path: of the tasks.
        collection: whose annotated videos become tasks.
        videos: folder of the videos, whose frame rates the tasks name: Label Studio knows frames by them.
        address: what Label Studio finds this folder by; a video's path in it is appended.
        key: ``predictions``, or ``annotations`` that are there to be changed at once.

    Returns:
        Notes about what is left out.

    Raises:
        InputError: naming a video that is no file, or whose size, number of frames or frame rate is unknown.
    """
    path = Path(path)
    if path.suffix != ".json":
        raise InputError(f"{path}: a file of tasks is named ….json")
    marked, unmarked = annotated_videos(collection, ("num_frames", "size"))
    files = find_videos(Path(videos), [video.video for video in marked])
    tasks = []
    for video in marked:
        file = files.get(video.video)
        if file is None or not file.is_file():
            raise InputError(f"video {video.video}: is no file in {videos}, and Label Studio plays files alone")
        if (rate := open_video(file).frames_per_second()) is None:
            raise InputError(f"{file}: names no frame rate, by which Label Studio knows the frames")
        data = {"video": address + quote(file.relative_to(videos).as_posix()), "fps": rate}
        data |= {"video_name": video.video, "split": video.split}
        regions = [_region_of(tube, number, video, rate, collection.classes) for number, tube in enumerate(video.tubes)]
        model = {"model_version": collection.name} if key == "predictions" else {}
        tasks.append({"data": data, key: [model | {"result": regions}]})
    save(path, "[" + ",\n".join(map(json.dumps, tasks)) + "]\n")
    save(path.with_suffix(".xml"), _interface(collection.classes))
    return notes_of({"videos without annotation are left out": unmarked})


class _Region(NamedTuple):
    """A rectangle that is followed through a video."""

    name: str
    labels: Sequence[str]
    num_frames: int
    sequence: Sequence[Mapping]  # key frames, ascending

    @classmethod
    def read(cls, entry: Mapping) -> "_Region":
        name = brief(entry.get("id"))
        with naming(f"region {name}"):
            value = value_of(entry, "value", Mapping)
            if not (labels := value.get("labels")):
                raise ValueError("has no label; give it one in Label Studio")
            labels = [require(label, "label", str) for label in require(labels, "labels", Sequence)]
            num_frames = value_of(value, "framesCount", int)
            sequence = require_layout(value_of(value, "sequence"), [KEY_FRAME], "sequence")
            if not sequence:
                raise ValueError("'sequence' has no key frame")
            sequence = sorted(sequence, key=lambda key: key["frame"])
            if (last := sequence[-1]["frame"]) > num_frames:
                raise ValueError(f"has a key frame {last}, the video has {num_frames} frames")
            return cls(name, labels, num_frames, sequence)

    def tubes(self, classes: Sequence[str]) -> Iterator[Tube]:
        """A tube for each label and stretch."""
        for label in self.labels:
            if label not in classes:
                raise ValueError(f"its label {label!r} is none of the {len(classes)} classes: {', '.join(classes)}")
        for frames, boxes in self._stretches():
            tube = replace(tube_of_frames(frames, box_array(boxes), 0, first=1), annotated=None)
            yield from (replace(tube, label=classes.index(label)) for label in dict.fromkeys(self.labels))

    def _stretches(self) -> Iterator[tuple[list[int], list[list[float]]]]:
        frames, boxes = [], []
        for key in self.sequence:
            if require_layout(key.get("rotation") or 0, finite, "rotation") % 360:
                raise ValueError(
                    f"its box in frame {key['frame']} is turned by {key['rotation']} degrees; turn it back"
                )
            x, y, width, height = (key[name] / 100 for name in ("x", "y", "width", "height"))
            frames.append(key["frame"])
            boxes.append([x, y, x + width, y + height])
            if not isinstance(enabled := key.get("enabled", True), bool):
                raise ValueError(f"'enabled' must be true or false, got {brief(enabled)}")
            if not enabled:
                yield frames, boxes
                frames, boxes = [], []
        if frames:
            if frames[-1] < self.num_frames:
                frames, boxes = [*frames, self.num_frames], [*boxes, boxes[-1]]
            yield frames, boxes


class _Task(NamedTuple):
    place: str
    video: str
    split: str
    regions: Sequence[_Region]


def _read_task(place: str, task, notes: dict[str, list[str]]) -> Iterator[_Task]:
    """The task, if somebody annotated it; adds to ``notes`` what is left out or in doubt."""
    data = value_of(task, "data", Mapping)
    name = _video_of(data)
    annotations = [require(found, "annotation", Mapping) for found in value_of(task, "annotations", Sequence)]
    annotations = [found for found in annotations if not found.get("was_cancelled")]
    if not annotations:
        notes["tasks without annotation are left out"].append(name)
        return
    if len(annotations) > 1:
        notes["tasks have several annotations; taken is the ground truth, or else the last"].append(name)
    chosen = ([found for found in annotations if found.get("ground_truth")] or annotations)[-1]
    regions = []
    for entry in value_of(chosen, "result", Sequence):
        if (kind := value_of(entry, "type", str)) == REGION:
            regions.append(_Region.read(entry))
        else:
            notes["regions that are no rectangles in videos are left out"].append(f"{name}, {kind}")
    yield _Task(place, name, require(data.get("split") or "train", "split", str), regions)


def _video_of(data: Mapping) -> str:
    """The name of a task's video."""
    if "video_name" in data:
        return require(data["video_name"], "video_name", str)
    texts = [data["video"]] if "video" in data else list(data.values())
    files = [text for text in texts if isinstance(text, str) and text.lower().endswith(VIDEO_SUFFIXES)]
    if len(files) != 1:
        raise ValueError(f"expected one address of a video file in 'data', got {brief(dict(data))}")
    return strip_suffix(UPLOADED.sub("", PurePosixPath(unquote(files[0])).name, count=1))


def _region_of(tube: Tube, number: int, video: LabelledVideo, rate: float, classes: Sequence[str]) -> dict:
    frames = key_frames(tube)
    shares = 100 * tube.boxes_at(frames).astype(np.float64) / np.tile(video.size, 2)
    sequence = [
        {
            "frame": frame + 1,
            "enabled": frame < tube.end - 1,
            "rotation": 0,
            **dict(zip(("x", "y", "width", "height"), (x1, y1, x2 - x1, y2 - y1), strict=True)),
            "time": (frame + 1) / rate,
        }
        for frame, (x1, y1, x2, y2) in zip(frames.tolist(), shares.tolist(), strict=True)
    ]
    value = {"framesCount": video.num_frames, "duration": video.num_frames / rate}
    value |= {"sequence": sequence, "labels": [classes[tube.label]]}
    names = {"id": f"tube_{number}", "from_name": "box", "to_name": "video", "type": REGION}
    return names | {"value": value}


def _interface(classes: Sequence[str]) -> bytes:
    view = ET.Element("View")
    labels = ET.SubElement(view, "Labels", name="labels", toName="video")
    for name in classes:
        ET.SubElement(labels, "Label", value=name)
    ET.SubElement(view, "Video", name="video", value="$video", frameRate="$fps")
    ET.SubElement(view, "VideoRectangle", name="box", toName="video")
    ET.indent(view)
    return ET.tostring(view, encoding="utf-8")

"""The neutral annotation file: format ``actorsup.videos``, versions 1 and 2, as ``docs/annotation.md`` describes it."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from actorsup.errors import InputError
from actorsup.io.files import save
from actorsup.io.reading import brief, naming, read_json, require, value_of
from actorsup.registry import DATASET_FORMATS
from actorsup.structures import Tube

from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .reading import box_array, names_of, tube_of_frames

FORMAT, VERSION = "actorsup.videos", 2
NAMES = ("classes", "class_actors", "actors")
KEYS = frozenset(("format", "version", "name", *NAMES, "videos"))
VIDEO_KEYS = frozenset(("video", "split", "labels", "num_frames", "size", "tubes"))
VIDEO_KEYS_1 = VIDEO_KEYS - {"labels"} | {"label"}
TUBE_KEYS = frozenset(("label", "boxes", "start", "frames"))
SUFFIXES = (".json", ".json.gz")


@DATASET_FORMATS.register_module()
@dataclass(frozen=True)
class VideosFile(DatasetFormat):
    """A neutral annotation file, plain or compressed by gzip."""

    ann_file: str | Path = "annotation.json"

    source = (
        "an annotation file of format actorsup.videos; `actorsup convert` makes it, of videos in a folder for each "
        "class or of other formats"
    )

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        content = read_json(self.path)
        if value_of(content, "format") != FORMAT:
            raise ValueError(f"'format' must be {FORMAT!r}, got {brief(content['format'])}")
        version = value_of(content, "version", int)
        if version not in (1, VERSION):
            raise ValueError(f"is of version {version}, this package reads versions 1 and {VERSION}")
        _refuse_unknown(content, KEYS)
        names = {key: names_of(content, key) for key in NAMES if key == "classes" or key in content}
        no_videos = VideoCollection(value_of(content, "name"), videos=(), **names)
        videos = []
        for number, entry in enumerate(value_of(content, "videos", Sequence), start=1):
            with naming(f"video number {number} of the list"):
                name = value_of(entry, "video", str)
            with naming(f"video {name}"):
                with_its_tubes = with_tubes and (splits is None or entry.get("split") in splits)
                videos.append(_read_video(entry, version, no_videos.classes, with_its_tubes))
        return replace(no_videos, videos=tuple(videos))


def _read_video(entry: Mapping, version: int, classes: Sequence[str], with_tubes: bool) -> LabelledVideo:
    _refuse_unknown(entry, VIDEO_KEYS_1 if version == 1 else VIDEO_KEYS)
    names = [value_of(entry, "label")] if version == 1 else value_of(entry, "labels", Sequence)
    tubes = []
    for index, tube in enumerate(value_of(entry, "tubes", Sequence) if with_tubes and "tubes" in entry else ()):
        with naming(f"tube {index}"):
            tubes.append(_read_tube(tube, classes))
    return LabelledVideo(
        entry["video"],
        value_of(entry, "split"),
        tuple(_label(name, classes) for name in names),
        value_of(entry, "num_frames", int) if "num_frames" in entry else None,
        tuple(require(side, "size", int) for side in value_of(entry, "size", Sequence)) if "size" in entry else None,
        tuple(tubes) if with_tubes and "tubes" in entry else None,
    )


def _label(name, classes: Sequence[str]) -> int:
    if name not in classes:
        raise ValueError(f"label {brief(name)} is none of the {len(classes)} classes: {', '.join(classes)}")
    return classes.index(name)


def _read_tube(entry: Mapping, classes: Sequence[str]) -> Tube:
    boxes = box_array(value_of(entry, "boxes"))
    _refuse_unknown(entry, TUBE_KEYS)
    if ("start" in entry) == ("frames" in entry):
        raise ValueError("expected either 'start' or 'frames'")
    first = value_of(entry, "start", int) if "start" in entry else 0
    frames = range(first, first + len(boxes)) if "start" in entry else entry["frames"]
    return tube_of_frames(frames, boxes, _label(value_of(entry, "label"), classes))


def _refuse_unknown(entry: Mapping, known: frozenset) -> None:
    if unknown := sorted(set(entry) - known):
        raise ValueError(f"unknown {unknown[0]!r}; known are {', '.join(sorted(known))}")


def write_videos_file(path: str | Path, collection: VideoCollection) -> None:
    """Write a neutral annotation file, ``.json`` or, compressed, ``.json.gz``, a video a line; it reads as the same."""
    if not str(path).endswith(SUFFIXES):
        raise InputError(f"{path}: an annotation file is named …{' or …'.join(SUFFIXES)}")
    header = {"format": FORMAT, "version": VERSION, "name": collection.name}
    header |= {key: getattr(collection, key) for key in NAMES if getattr(collection, key) is not None}
    lines = ",\n".join(json.dumps(_video_entry(video, collection.classes)) for video in collection.videos)
    content = f'{json.dumps(header)[:-1]}, "videos": [\n{lines}\n]}}\n'.encode()
    save(path, gzip.compress(content, compresslevel=6, mtime=0) if str(path).endswith(".gz") else content)


def _video_entry(video: LabelledVideo, classes: tuple[str, ...]) -> dict:
    entry = {"video": video.video, "split": video.split, "labels": [classes[label] for label in video.labels]}
    if video.num_frames is not None:
        entry["num_frames"] = video.num_frames
    if video.size is not None:
        entry["size"] = list(video.size)
    if video.tubes is not None:
        entry["tubes"] = [_tube_entry(tube, classes) for tube in video.tubes]
    return entry


def _tube_entry(tube: Tube, classes: tuple[str, ...]) -> dict:
    frames = {"start": tube.start} if tube.annotated is None else {"frames": tube.marked_frames.tolist()}
    boxes = tube.boxes_at(tube.marked_frames)
    to_number = int if (boxes == np.round(boxes)).all() else lambda value: float(str(value))  # shortest for float32
    return {"label": classes[tube.label], **frames, "boxes": [[to_number(value) for value in box] for box in boxes]}

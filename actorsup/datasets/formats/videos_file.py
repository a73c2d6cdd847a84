"""The neutral annotation file: format ``actorsup.videos``, version 1, as ``docs/annotation.md`` describes it."""

import gzip
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import Tube

from .collection import LabelledVideo, VideoCollection
from .fields import MAX_FRAMES, box_array, brief, field, require_text, text, tube_of_frames, whole_number

FORMAT, VERSION = "actorsup.videos", 1
KEYS = frozenset(("format", "version", "name", "classes", "class_actors", "actors", "videos"))
VIDEO_KEYS = frozenset(("video", "split", "label", "num_frames", "size", "tubes"))
GZIP_MAGIC = b"\x1f\x8b"


def read_videos_file(path: str | Path, with_tubes: bool = True) -> VideoCollection:
    """Read a neutral annotation file, plain or compressed by gzip.

    Args:
        path: the file.
        with_tubes: read the tubes too; without, no box is looked at and no video is annotated.

    Raises:
        InputError: naming file, video and value, if anything in it is not as ``docs/annotation.md`` says.
    """
    try:
        content = _load_json(Path(path))
        _check_header(content)
        names = {key: _names(content, key) for key in ("classes", "class_actors", "actors") if key in content}
        labels = {name: label for label, name in enumerate(names["classes"])}
        videos = [_read_video(entry, index, labels, with_tubes) for index, entry in enumerate(content["videos"])]
        return VideoCollection(text(content, "name"), videos=tuple(videos), **names)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def write_videos_file(path: str | Path, collection: VideoCollection) -> None:
    """Write a neutral annotation file, a video a line; compressed if its name ends in ``.gz``.

    It appears whole or not at all. Reading it again gives the same numbers.
    """
    path = Path(path)
    header = {"format": FORMAT, "version": VERSION, "name": collection.name, "classes": collection.classes}
    for key in ("class_actors", "actors"):
        if getattr(collection, key) is not None:
            header[key] = getattr(collection, key)
    lines = ",\n".join(json.dumps(_video_entry(video, collection.classes)) for video in collection.videos)
    content = f'{json.dumps(header)[:-1]}, "videos": [\n{lines}\n]}}\n'.encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(gzip.compress(content, compresslevel=6, mtime=0) if path.suffix == ".gz" else content)
    os.replace(temporary, path)


def _load_json(path: Path):
    try:
        content = path.read_bytes()
        if content.startswith(GZIP_MAGIC):
            content = gzip.decompress(content)
        return json.loads(content)
    except OSError as error:  # of a damaged archive, too
        raise ValueError(f"cannot be read ({error.strerror or error})") from error
    except (EOFError, zlib.error) as error:
        raise ValueError(f"cannot be decompressed ({error})") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON ({error})") from error


def _check_header(content: Mapping) -> None:
    if field(content, "format") != FORMAT:
        raise ValueError(f"'format' must be {FORMAT!r}, got {brief(content['format'])}")
    if whole_number(content, "version") != VERSION:
        raise ValueError(f"is of version {content['version']}, this package reads version {VERSION}")
    _refuse_unknown(content, KEYS)
    field(content, "classes")
    if not isinstance(field(content, "videos"), list):
        raise ValueError(f"'videos' must be a list, got {brief(content['videos'])}")


def _names(content: Mapping, key: str) -> tuple[str, ...]:
    names = content[key]
    if not isinstance(names, list) or not names:
        raise ValueError(f"{key!r} must be a list of names, got {brief(names)}")
    return tuple(require_text(name, f"a name in {key}") for name in names)


def _read_video(entry: Mapping, index: int, labels: Mapping[str, int], with_tubes: bool) -> LabelledVideo:
    try:
        name = text(entry, "video")
    except ValueError as error:
        raise ValueError(f"video number {index + 1} of the list: {error}") from error
    try:
        _refuse_unknown(entry, VIDEO_KEYS)
        num_frames = whole_number(entry, "num_frames") if "num_frames" in entry else None
        tubes = None
        if with_tubes and "tubes" in entry:
            if not isinstance(entry["tubes"], list):
                raise ValueError(f"'tubes' must be a list, got {brief(entry['tubes'])}")
            tubes = tuple(_read_tube(f"tube {i}", tube, labels) for i, tube in enumerate(entry["tubes"]))
        return LabelledVideo(
            name,
            text(entry, "split"),
            _label(entry, labels),
            num_frames,
            _size(entry) if "size" in entry else None,
            tubes,
        )
    except ValueError as error:
        raise ValueError(f"video {name}: {error}") from error


def _size(entry: Mapping) -> tuple[int, int]:
    size = entry["size"]
    if not isinstance(size, list) or len(size) != 2:
        raise ValueError(f"'size' must be [width, height], got {brief(size)}")
    sides = dict(zip(("width of 'size'", "height of 'size'"), size, strict=True))
    width, height = (whole_number(sides, side) for side in sides)
    return width, height


def _label(entry: Mapping, labels: Mapping[str, int]) -> int:
    label = field(entry, "label")
    if not isinstance(label, str) or label not in labels:
        raise ValueError(f"label {brief(label)} is none of the {len(labels)} classes: {', '.join(labels)}")
    return labels[label]


def _read_tube(name: str, entry: Mapping, labels: Mapping[str, int]) -> Tube:
    field(entry, "boxes")
    if ("start" in entry) == ("frames" in entry):
        raise ValueError(f"{name}: expected either 'start' or 'frames'")
    _refuse_unknown(entry, {"label", "boxes", "start", "frames"}, name)
    boxes = box_array(entry["boxes"], name)
    if "start" in entry:
        start = whole_number(entry, "start")
        frames = range(start, start + len(boxes))
    else:
        frames = _frames(name, entry["frames"])
    if len(frames) != len(boxes):
        raise ValueError(f"{name}: {len(boxes)} boxes need as many frames, got {len(frames)}")
    if min(frames) < 0 or max(frames) >= MAX_FRAMES:
        raise ValueError(f"{name}: frames must be from 0 to {MAX_FRAMES - 1}, got {min(frames)} … {max(frames)}")
    try:
        return tube_of_frames(np.array(frames), boxes, _label(entry, labels))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _frames(name: str, frames) -> list[int]:
    if not isinstance(frames, list) or not all(isinstance(one, int) and not isinstance(one, bool) for one in frames):
        raise ValueError(f"{name}: 'frames' must be a list of whole numbers, got {brief(frames)}")
    return frames


def _refuse_unknown(entry: Mapping, known: frozenset | set, name: str = "") -> None:
    if unknown := sorted(set(entry) - known):
        raise ValueError(f"{name + ': ' if name else ''}unknown {unknown[0]!r}; known are {', '.join(sorted(known))}")


def _video_entry(video: LabelledVideo, classes: tuple[str, ...]) -> dict:
    entry = {"video": video.video, "split": video.split, "label": classes[video.label]}
    if video.num_frames is not None:
        entry["num_frames"] = video.num_frames
    if video.size is not None:
        entry["size"] = list(video.size)
    if video.tubes is not None:
        entry["tubes"] = [_tube_entry(tube, classes) for tube in video.tubes]
    return entry


def _tube_entry(tube: Tube, classes: tuple[str, ...]) -> dict:
    if tube.annotated is None:
        frames, boxes = {"start": tube.start}, tube.boxes
    else:
        frames = {"frames": (tube.start + np.flatnonzero(tube.annotated)).tolist()}
        boxes = tube.boxes[tube.annotated]
    return {"label": classes[tube.label], **frames, "boxes": _numbers(boxes)}


def _numbers(boxes: np.ndarray) -> list[list[int | float]]:
    """The shortest numbers that are the same in float32."""
    if (boxes == np.round(boxes)).all():
        return boxes.astype(np.int64).tolist()
    return [[float(str(value)) for value in box] for box in boxes]

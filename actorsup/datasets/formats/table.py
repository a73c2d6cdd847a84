"""Labels in a table, CSV or JSON, and, where there are any, boxes in another."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from actorsup.datasets.video_files import find_videos, strip_suffix
from actorsup.errors import InputError
from actorsup.structures import Tube

from .collection import LabelledVideo, VideoCollection
from .conversion import Conversion, enumeration, frame_size
from .fields import MAX_FRAMES, box_array, brief, text, tube_of_frames

CORNERS = ("x1", "y1", "x2", "y2")


def convert_table(
    table: str | Path,
    boxes: str | Path | None = None,
    videos: str | Path | None = None,
    name: str | None = None,
) -> Conversion:
    """The videos of a table of labels.

    Args:
        table: a CSV file with a header, or a JSON list of objects: ``video``, with or without suffix, ``label`` and,
            unless all are for training, ``split``; or a JSON object ``{video: label}``.
        boxes: a CSV file with a header: ``video``, ``tube`` (any name of one tube of the video), ``frame`` from 0,
            ``x1``, ``y1``, ``x2``, ``y2`` in continuous pixels of the video and, unless it is the video's, ``label``.
            Videos that it does not have are not annotated.
        videos: folder of the videos, which tells in whose pixels boxes are; needed with ``boxes``.
        name: of the data set; None takes the table's.

    Raises:
        InputError: naming file, line or number of the entry, and value, if anything is not as described above.
    """
    labels, splits = _read_labels(Path(table))
    classes = tuple(sorted(set(labels.values())))
    tubes, sizes, notes = {}, {}, []
    if boxes is not None:
        if videos is None:
            raise InputError("boxes need the folder of the videos: it tells in whose pixels they are")
        of_tubes = _read_boxes(Path(boxes), labels, classes)
        tubes = {video: _tubes(of_video, classes) for video, of_video in of_tubes.items()}
        sizes = _sizes(Path(videos), tubes)
        without = [video for video in labels if splits[video] != "train" and video not in tubes]
        if without:
            notes.append(enumeration(len(without), f"videos not for training have no box in {boxes}", without))
    try:
        collected = tuple(
            LabelledVideo(video, splits[video], classes.index(label), None, sizes.get(video), tubes.get(video))
            for video, label in labels.items()
        )
        return Conversion(VideoCollection(name or Path(table).stem, classes, collected), tuple(notes))
    except ValueError as error:
        raise InputError(f"{table}: {error}") from error


def _read_labels(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Label and split of every video."""
    labels: dict[str, str] = {}
    splits: dict[str, str] = {}
    for place, entry in _json_entries(path) if path.suffix == ".json" else _csv_rows(path, ("video", "label")):
        try:
            video = strip_suffix(text(entry, "video"))
            if video in labels:
                raise ValueError(f"video {video} was there before")
            labels[video] = text(entry, "label")
            splits[video] = text(entry, "split") if "split" in entry else "train"
        except ValueError as error:
            raise InputError(f"{path}, {place}: {error}") from error
    if not labels:
        raise InputError(f"{path}: lists no video")
    return labels, splits


def _json_entries(path: Path) -> Iterator[tuple[str, Mapping]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON ({error})") from error
    if isinstance(content, dict):
        content = [{"video": video, "label": label} for video, label in content.items()]
    if not isinstance(content, list):
        raise InputError(f"{path}: expected a list of videos or an object {{video: label}}, got {brief(content)}")
    for index, entry in enumerate(content):
        yield f"entry {index + 1}", entry


def _csv_rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, Mapping]]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            if missing := [column for column in columns if column not in (reader.fieldnames or ())]:
                raise InputError(f"{path}: its first line must name the columns {', '.join(columns)}; no {missing[0]}")
            for row in reader:
                yield f"line {reader.line_num}", row
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: is no CSV file ({error})") from error


def _read_boxes(path: Path, labels: Mapping[str, str], classes: tuple[str, ...]) -> dict[str, dict]:
    """``{video: {(tube, label): {frame: box}}}``."""
    tubes: dict[str, dict] = defaultdict(lambda: defaultdict(dict))
    for place, row in _csv_rows(path, ("video", "tube", "frame", *CORNERS)):
        try:
            video = strip_suffix(text(row, "video"))
            if video not in labels:
                raise ValueError(f"video {video} has no label")
            label = text(row, "label") if row.get("label") else labels[video]
            if label not in classes:
                raise ValueError(f"label {label!r} is none of the {len(classes)} classes: {', '.join(classes)}")
            frame = int(text(row, "frame"))
            of_tube = tubes[video][text(row, "tube"), label]
            if not 0 <= frame < MAX_FRAMES or frame in of_tube:
                raise ValueError(f"frame {frame} is no number from 0 to {MAX_FRAMES - 1}, or was there before")
            of_tube[frame] = box_array([[float(text(row, corner)) for corner in CORNERS]], "box")[0]
        except ValueError as error:
            raise InputError(f"{path}, {place}: {error}") from error
    return tubes


def _tubes(of_tubes: Mapping, classes: tuple[str, ...]) -> tuple[Tube, ...]:
    tubes = []
    for (_, label), boxes in of_tubes.items():
        frames = sorted(boxes)
        tubes.append(tube_of_frames(np.array(frames), [boxes[frame] for frame in frames], classes.index(label)))
    return tuple(tubes)


def _sizes(folder: Path, names: Mapping) -> dict[str, tuple[int, int]]:
    paths = find_videos(folder, names)
    if absent := [name for name in names if name not in paths]:
        raise InputError(f"{folder}: {enumeration(len(absent), 'videos with boxes are missing', absent, most=5)}")
    return {name: frame_size(path) for name, path in paths.items()}

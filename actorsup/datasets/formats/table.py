"""Labels in a table, CSV or JSON, and boxes in another."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from actorsup.datasets.video_files import find_videos, frame_size, strip_suffix
from actorsup.errors import InputError
from actorsup.io.reading import brief, naming, read_csv, read_json, require, value_of
from actorsup.registry import DATASET_FORMATS
from actorsup.structures import Tube

from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .reading import box_array, enumeration, notes_of, number_of, tube_of_frames

CORNERS = ("x1", "y1", "x2", "y2")


@DATASET_FORMATS.register_module()
@dataclass(frozen=True)
class LabelTable(DatasetFormat):
    """The videos of a table of labels.

    Args:
        ann_file: a CSV file with a header, or a JSON list of objects: ``video``, with or without suffix, ``label`` and,
            unless all are for training, ``split``; or a JSON object ``{video: label}``. A video that shows several
            classes has a line for each, or in JSON a list as its label; one that shows none an empty label, or list.
        boxes: a CSV file with a header: ``video``, ``tube`` (any name of one tube of the video), ``frame`` from 0,
            ``x1``, ``y1``, ``x2``, ``y2`` in continuous pixels of the video and, unless it is the video's only one,
            ``label``. Videos that it lacks are not annotated.
        videos: folder of the videos, whose size is needed with ``boxes``.
        name: of the dataset; None takes the table's.
    """

    boxes: str | Path | None = None
    videos: str | Path | None = None
    name: str | None = None

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        listed: dict[str, tuple[list[str], str]] = {}  # labels and split
        stripped: list[str] = []
        is_json = self.path.suffix == ".json"
        for place, entry in _json_entries(self.path) if is_json else _csv_entries(self.path, ("video", "label")):
            with naming(f"{self.path}, {place}", InputError):
                video, labels = value_of(entry, "video", str), _labels(value_of(entry, "label"))
                split = value_of(entry, "split", str) if "split" in entry else "train"
                stripped += [f"{value!r}" for value in (video, *labels, split) if value != value.strip()]
                video, labels, split = self._video(video), [label.strip() for label in labels], split.strip()
                if video in listed:
                    before, split_before = listed[video]
                    if split != split_before:
                        raise ValueError(f"video {video} was there before, of the split {split_before}")
                    if not (before and labels) or set(before) & set(labels):
                        said = f"the label {', '.join(before)}" if before else "no label"
                        raise ValueError(f"video {video} was there before, with {said}")
                    labels = before + labels
                listed[video] = labels, split
        if not listed:
            raise ValueError("lists no video")
        classes = sorted({label for labels, _ in listed.values() for label in labels})
        tubes, sizes = {}, {}
        notes = notes_of({"values had blanks around them, which are stripped": stripped})
        if with_tubes and self.boxes is not None:
            if self.videos is None:
                raise InputError("boxes need the folder of the videos: it tells in whose pixels they are")
            boxes = self.below_root(self.boxes)
            tubes = self._read_boxes(boxes, {video: labels for video, (labels, _) in listed.items()}, classes)
            folder = self.below_root(self.videos)
            paths = find_videos(folder, tubes)
            if absent := [video for video in tubes if video not in paths]:
                raise InputError(f"{folder}: {enumeration('videos with boxes are missing', absent, most=5)}")
            sizes = {video: frame_size(path) for video, path in paths.items()}
            without = [video for video, (_, split) in listed.items() if split != "train" and video not in tubes]
            notes += notes_of({f"videos not for training have no box in {boxes}": without})
        videos = tuple(
            LabelledVideo(video, split, tuple(map(classes.index, labels)), None, sizes.get(video), tubes.get(video))
            for video, (labels, split) in listed.items()
        )
        return VideoCollection(self.name or self.path.stem, tuple(classes), videos, notes=notes)

    def _video(self, text: str) -> str:
        """The name of a video from what the table calls it."""
        is_folder = self.videos is not None and (self.below_root(self.videos) / text.strip()).is_dir()
        return text.strip() if is_folder else strip_suffix(text.strip())

    def _read_boxes(
        self, path: Path, labels: Mapping[str, Sequence[str]], classes: Sequence[str]
    ) -> dict[str, tuple[Tube, ...]]:
        marked: dict[str, dict] = defaultdict(lambda: defaultdict(dict))  # {video: {(tube, label): {frame: box}}}
        for place, row in _csv_entries(path, ("video", "tube", "frame", *CORNERS)):
            with naming(f"{path}, {place}", InputError):
                video = self._video(value_of(row, "video", str))
                if video not in labels:
                    raise ValueError(f"video {video} has no label")
                if not row.get("label") and len(labels[video]) != 1:
                    raise ValueError(f"a box needs a label, its video has {len(labels[video])}")
                label = value_of(row, "label", str).strip() if row.get("label") else labels[video][0]
                if label not in classes:
                    raise ValueError(f"label {label!r} is none of the {len(classes)} classes: {', '.join(classes)}")
                frame = number_of(value_of(row, "frame", str), int)
                of_tube = marked[video][value_of(row, "tube", str).strip(), label]
                if frame in of_tube:
                    raise ValueError(f"frame {frame} was there before")
                (of_tube[frame],) = box_array([[number_of(value_of(row, corner, str), float) for corner in CORNERS]])
                tube_of_frames([frame], [of_tube[frame]], 0)  # refuses what is no frame, here where its line is known
        return {
            video: tuple(
                tube_of_frames(*zip(*sorted(boxes.items()), strict=True), classes.index(label))
                for (_, label), boxes in of_video.items()
            )
            for video, of_video in marked.items()
        }


def _labels(value) -> list[str]:
    """The labels of a list, or of a cell; of an empty one none."""
    if isinstance(value, list):
        return [require(label, "label", str) for label in value]
    return [] if value == "" else [require(value, "label", str)]


def _json_entries(path: Path) -> Iterator[tuple[str, Mapping]]:
    content = read_json(path)
    if isinstance(content, dict):
        content = [{"video": video, "label": label} for video, label in content.items()]
    if not isinstance(content, list):
        raise InputError(f"{path}: expected a list of videos or an object {{video: label}}, got {brief(content)}")
    for number, entry in enumerate(content, start=1):
        yield f"entry {number}", entry


def _csv_entries(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, Mapping]]:
    rows = read_csv(path)
    _, header = next(rows, (0, []))
    header = [column.strip() for column in header]
    if missing := [column for column in columns if column not in header]:
        raise InputError(f"{path}: its first line must name the columns {', '.join(columns)}; no {missing[0]}")
    if repeated := [name for name in header if name and header.count(name) > 1]:
        raise InputError(f"{path}: its first line names the column {repeated[0]} several times")
    for number, cells in rows:
        if any(cell.strip() for cell in cells[len(header) :]):
            raise InputError(f"{path}, line {number}: has {len(cells)} cells, the header {len(header)}")
        yield f"line {number}", dict(zip_longest(header, cells))

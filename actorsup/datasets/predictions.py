"""Predictions that others wrote: every convention of theirs ends here."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from actorsup.errors import InputError
from actorsup.io.files import save_json
from actorsup.io.localizations import load_localization
from actorsup.io.reading import boxes as listed_boxes
from actorsup.io.reading import brief, finite, naming, read_json, require, require_layout, value_of
from actorsup.structures import RankedTubes, Tube

from .formats import AVA, ACTPickle, DatasetFormat, LabelledVideo, VideoCollection, load_pickle
from .formats.reading import MAX_FRAMES, notes_of, number_array, number_of, require_label
from .video_files import videos_like

FORMAT, VERSION = "actorsup.predictions", 1
TUBE = {"start": int, "boxes": listed_boxes, "scores": {str: finite}}
VIDEO = {"video": str, "size": [int], "tubes": [TUBE]}
LAYOUT = {"format": str, "version": int, "classes": [str], "videos": [VIDEO]}
MOC_SUFFIX = "_tubes.pkl"


@dataclass(frozen=True, eq=False)
class PredictedBoxes:
    """Boxes that nothing links, of one video.

    Args:
        frames: ``(n,)``, from 0.
        boxes: ``(n, 4)``, in pixels of the annotation.
        scores: ``(n, K)``, ``-inf`` where a box is no detection of a class.
    """

    frames: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True, eq=False)
class Predictions:
    """What some code predicts of the videos of a dataset, tubes or else boxes, in the classes of the dataset.

    Args:
        tubes: by video, in pixels of the annotation.
        boxes: by video.
        notes: sentences about what was taken for granted.
    """

    tubes: Mapping[str, RankedTubes] = field(default_factory=dict)
    boxes: Mapping[str, PredictedBoxes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_predictions(path: str | Path, truth: DatasetFormat, collection: VideoCollection) -> Predictions:
    """Read predictions of the videos of a collection, which was read from ``truth``.

    What they are is told by what ``path`` is: a folder with ``<video>_tubes.pkl`` of MOC; a pickle of all tubes
    (``video_detections.pkl`` of MultiSports), or of all boxes (``frame_detections.pkl`` of either); a CSV file of boxes
    of AVA; a file of format ``actorsup.predictions``; a file or folder that ``actorsup localize`` wrote.

    Raises:
        InputError: naming file and value, if it is none of these, or anything is wrong in it.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder of predictions")
    if path.is_dir():
        if found := sorted(path.rglob(f"*{MOC_SUFFIX}")):
            return _moc_tubes(path, found, collection)
        if found := sorted(path.rglob("*.json")):
            return _localizations(found, collection)
        raise InputError(f"{path}: holds neither …{MOC_SUFFIX} of MOC nor …json of `actorsup localize`")
    if path.suffix == ".csv":
        return _ava_boxes(path, truth, collection)
    if path.suffix in (".pkl", ".pickle"):
        content = load_pickle(path)
        with naming(path, InputError):
            if isinstance(content, Mapping) and "gttubes" in content:
                raise ValueError("is ground truth; the annotation comes first, then the predictions")
            if isinstance(content, Mapping):
                return _multisports_tubes(content, collection)
            return _numbered_boxes(content, truth, collection)
    if path.suffix in (".json", ".gz"):
        content = read_json(path)
        if isinstance(content, dict) and "format" in content:
            with naming(path, InputError):
                return _neutral(content, collection)
        return _localizations([path], collection)
    raise InputError(
        f"{path}: expected a folder, or a file .pkl, .csv or .json (docs/evaluation.md lists what is read)"
    )


class _Collected:
    """The tubes of each video, each scored for some classes, in the order in which they are added."""

    def __init__(self, num_classes: int) -> None:
        self.num_classes = num_classes
        self.tubes: dict[str, list[Tube]] = defaultdict(list)
        self.scores: dict[str, list[Mapping[int, float]]] = defaultdict(list)
        self.num_turned = 0  # boxes whose corners are in the wrong order

    def add(self, video: str, tube: Tube, scores: Mapping[int, float]) -> None:
        self.tubes[video].append(tube)
        self.scores[video].append(scores)

    def add_rows(self, video: str, rows, label: int, score) -> None:
        """A tube as rows ``frame, x1, y1, x2, y2`` and perhaps ``score``, frames from 1."""
        rows = number_array(rows, np.shape(rows)[-1] if np.ndim(rows) == 2 else 5)
        if not len(rows) or rows.shape[1] not in (5, 6):
            raise ValueError(f"expected rows of frame, x1, y1, x2, y2 and perhaps a score, got shape {rows.shape}")
        frames = _frames(rows[:, 0])
        if (np.diff(frames) != 1).any():
            raise ValueError(f"the frames of a tube must follow each other, got {brief(frames.tolist())}")
        if not np.isfinite(rows).all():
            raise ValueError("boxes and scores must be finite numbers")
        boxes, turned = _in_order(rows[:, 1:5])
        self.num_turned += turned
        score = _number(score)
        box_scores = rows[:, 5] if rows.shape[1] == 6 else np.full(len(rows), score)
        self.add(video, Tube(int(frames[0]) - 1, boxes, box_scores, score, label), {label: score})

    def ranked(self) -> dict[str, RankedTubes]:
        return {video: self._ranked(video) for video in self.tubes}

    def _ranked(self, video: str) -> RankedTubes:
        scores = np.full((len(self.tubes[video]), self.num_classes), -np.inf)
        for row, of_tube in zip(scores, self.scores[video], strict=True):
            row[list(of_tube)] = list(of_tube.values())
        return RankedTubes(tuple(self.tubes[video]), scores, np.arange(len(scores)))

    def notes(self) -> tuple[str, ...]:
        return _turned_note(self.num_turned)


def _moc_tubes(folder: Path, files: Sequence[Path], collection: VideoCollection) -> Predictions:
    """``{label: [[rows, score], …]}`` of each video, as MOC's and ACT's BuildTubes writes it."""
    collected = _Collected(len(collection.classes))
    for file in files:
        video = file.relative_to(folder).as_posix().removesuffix(MOC_SUFFIX)
        collected.tubes[video] = []
        content = load_pickle(file)
        with naming(file, InputError):
            if set(require(content, "the content", Mapping)) != set(range(len(collection.classes))):
                raise ValueError(
                    f"has tubes of the labels {brief(sorted(content, key=str))}, the annotation has "
                    f"{len(collection.classes)} classes: is it of another dataset?"
                )
            for label, tubes in content.items():
                for index, entry in enumerate(require(tubes, f"the tubes of label {label}", Sequence)):
                    with naming(f"label {label}, tube {index}"):
                        rows, score = _fields(entry, "rows and a score", 2)
                        collected.add_rows(video, rows, int(label), score)
    return Predictions(collected.ranked(), notes=(*_numbered_note(collection), *collected.notes()))


def _multisports_tubes(content: Mapping, collection: VideoCollection) -> Predictions:
    """``{label: [(video, score, rows), …]}``, as the evaluation of MultiSports reads it."""
    collected = _Collected(len(collection.classes))
    for label, tubes in content.items():
        label = require_label(label, collection.classes)
        for index, entry in enumerate(require(tubes, f"the tubes of label {label}", Sequence)):
            with naming(f"label {label}, tube {index}"):
                video, score, rows = _fields(entry, "video, score and rows", 3)
                collected.add_rows(require(video, "video", str), rows, label, score)
    return Predictions(collected.ranked(), notes=(*_numbered_note(collection), *collected.notes()))


def _numbered_boxes(content, truth: DatasetFormat, collection: VideoCollection) -> Predictions:
    """Rows ``video, frame, label, score, x1, y1, x2, y2``, the video by its place in the list of the annotation."""
    if not isinstance(truth, ACTPickle):
        raise ValueError("numbers the videos in the order of a ground-truth pickle: give that pickle as the annotation")
    rows = number_array(content, 8)
    if not np.isfinite(rows).all():
        raise ValueError("holds numbers that are not finite")
    videos, labels = rows[:, 0].astype(np.int64), rows[:, 2].astype(np.int64)
    frames = _frames(rows[:, 1]) - 1
    for name, numbers, most in (("video", videos, len(collection.videos)), ("label", labels, len(collection.classes))):
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < most:
            raise ValueError(f"{name}s are numbered 0 to {most - 1}, got {numbers.min()} to {numbers.max()}")
    corners, num_turned = _in_order(rows[:, 4:])
    order = np.argsort(videos, kind="stable")
    found = {}
    for index, chosen in zip(*_groups(videos[order]), strict=True):
        chosen = order[chosen]
        scores = np.full((len(chosen), len(collection.classes)), -np.inf)
        scores[np.arange(len(chosen)), labels[chosen]] = rows[chosen, 3]
        found[collection.videos[index].video] = PredictedBoxes(frames[chosen], corners[chosen], scores)
    return Predictions(boxes=found, notes=_turned_note(num_turned))


def _ava_boxes(path: Path, truth: DatasetFormat, collection: VideoCollection) -> Predictions:
    """Rows ``video, second, x1, y1, x2, y2, action, score``; those of one box are one box of several classes."""
    if not isinstance(truth, AVA):
        raise InputError(f"{path}: a CSV file holds predictions for AVA, whose annotation is a CSV file too")
    labels = {action: label for label, action in enumerate(truth.actions())}
    excluded = truth.excluded()
    found: dict[str, dict[tuple, dict[int, float]]] = defaultdict(dict)  # {video: {(frame, box, copy): {label: score}}}
    unknown: dict[str, None] = {}
    for place, row in truth.rows(path):
        with naming(f"{path}, {place}", InputError):
            if row.box is None or row.last is None:
                raise ValueError("a prediction has a box, an action and a score")
            score = number_of(row.last, float)
            finite(score)
        if row.action not in labels:
            unknown[str(row.action)] = None
        elif row.frame not in excluded.get(row.video, ()):
            copy, label = 0, labels[row.action]
            while label in found[row.video].setdefault((row.frame, row.box, copy), {}):
                copy += 1  # the same row again is one more detection
            found[row.video][row.frame, row.box, copy][label] = score
    boxes = {}
    for video, of_video in found.items():
        scores = np.full((len(of_video), len(collection.classes)), -np.inf)
        for row, of_box in zip(scores, of_video.values(), strict=True):
            row[list(of_box)] = list(of_box.values())
        frames, corners, _ = zip(*of_video, strict=True)
        boxes[video] = PredictedBoxes(np.array(frames), np.array(corners), scores)
    notes = notes_of({"actions are not in the label map, their predictions are left out": list(unknown)})
    return Predictions(boxes=boxes, notes=notes)


def _neutral(content: dict, collection: VideoCollection) -> Predictions:
    """Format ``actorsup.predictions``, as ``docs/evaluation.md`` describes it."""
    if content["format"] != FORMAT or value_of(content, "version") != VERSION:
        raise ValueError(f"'format' must be {FORMAT!r} of version {VERSION}, got {brief(content['format'])}")
    require_layout(content, LAYOUT)
    _require_classes(content["classes"], collection)
    known = {video.video: video for video in collection.videos}
    collected = _Collected(len(collection.classes))
    for entry in content["videos"]:
        if entry["video"] in collected.tubes:
            raise ValueError(f"video {entry['video']}: is there several times")
        collected.tubes[entry["video"]] = []
        if len(entry["size"]) != 2 or min(entry["size"]) < 1:
            raise ValueError(f"video {entry['video']}: size must be width and height, got {entry['size']}")
        scale = _scale(entry["size"], known.get(entry["video"]))
        for index, tube in enumerate(entry["tubes"]):
            with naming(f"video {entry['video']}, tube {index}"):
                _require_classes(tube["scores"], collection)
                scores = {collection.classes.index(name): score for name, score in tube["scores"].items()}
                best = max(scores, key=scores.get, default=0)
                boxes, turned = _in_order(number_array(tube["boxes"], 4) * scale)
                collected.num_turned += turned
                score = scores.get(best, 0.0)
                found = Tube(tube["start"], boxes, np.full(len(boxes), score), score, best)
                collected.add(entry["video"], found, scores)
    return Predictions(collected.ranked(), notes=collected.notes())


def write_predictions(
    path: str | Path, classes: Sequence[str], videos: Mapping[str, tuple[tuple[int, int], RankedTubes]]
) -> None:
    """Write tubes as format ``actorsup.predictions``, of each video with the width and height of its frames."""
    entries = [
        {
            "video": video,
            "size": list(size),
            "tubes": [
                {
                    "start": tube.start,
                    "boxes": tube.boxes.astype(float).tolist(),
                    "scores": {classes[label]: float(scores[label]) for label in np.flatnonzero(scores > -np.inf)},
                }
                for tube, scores in zip(ranked.tubes, ranked.scores, strict=True)
            ],
        }
        for video, (size, ranked) in videos.items()
    ]
    save_json(path, {"format": FORMAT, "version": VERSION, "classes": list(classes), "videos": entries}, indent=None)


def _localizations(files: Sequence[Path], collection: VideoCollection) -> Predictions:
    """What ``actorsup localize`` wrote of whole videos; a video is the one whose name ends like its own."""
    known = {video.video: video for video in collection.videos}
    collected = _Collected(len(collection.classes))
    for file in files:
        found = load_localization(file)
        with naming(file, InputError):
            names = [found.video] if found.video in known else videos_like(Path(found.video), known)
            if len(names) != 1:
                what = "several videos" if names else "no video"
                raise ValueError(f"the annotation has {what} of the name {found.video}")
            if names[0] in collected.tubes:
                raise ValueError(f"video {names[0]}: was there before")
            _require_classes(found.classes, collection)
            collected.tubes[names[0]] = []
            scale = _scale(found.size, known[names[0]])
            for action in found.tubes:
                label = collection.classes.index(action.action)
                tube = Tube(action.tube.start, action.tube.boxes * scale, action.tube.scores, action.score, label)
                collected.add(names[0], tube, {label: action.score})
    return Predictions(collected.ranked())


def _scale(size: Sequence[int], video: LabelledVideo | None) -> np.ndarray:
    """What boxes are multiplied by, from pixels of frames of this size to those of the annotation."""
    annotated = size if video is None or video.size is None else video.size
    return np.tile(np.float32(annotated) / np.float32(size), 2)


def _require_classes(names: Sequence[str], collection: VideoCollection) -> None:
    if unknown := [name for name in names if name not in collection.classes]:
        raise ValueError(f"class {unknown[0]!r} is none of the annotation's: {', '.join(collection.classes)}")


def _fields(entry, what: str, count: int) -> Sequence:
    if not isinstance(entry, (list, tuple)) or len(entry) != count:
        raise ValueError(f"expected {what}, got {brief(entry)}")
    return entry


def _number(value) -> float:
    array = np.asarray(value)
    if array.shape != () or array.dtype.kind not in "iuf" or not np.isfinite(array):
        raise ValueError(f"a score must be a finite number, got {brief(value)}")
    return float(array)


def _frames(numbers: np.ndarray) -> np.ndarray:
    """Whole numbers from 1 on."""
    good = (numbers >= 1) & (numbers <= MAX_FRAMES) & (numbers % 1 == 0)
    if not good.all():
        raise ValueError(f"frames are whole numbers from 1 on, got {numbers[~good][0]}")
    return numbers.astype(np.int64)


def _in_order(boxes: np.ndarray) -> tuple[np.ndarray, int]:
    """Boxes ``(n, 4)``, and the number of those whose second corner is before the first: they become empty."""
    turned = (boxes[:, 2:] < boxes[:, :2]).any(axis=1)
    return np.concatenate([boxes[:, :2], np.maximum(boxes[:, 2:], boxes[:, :2])], axis=1), int(turned.sum())


def _groups(ordered: np.ndarray) -> tuple[np.ndarray, Sequence[np.ndarray]]:
    """Different numbers of an ascending array, and the places of each."""
    values, first = np.unique(ordered, return_index=True)
    return values, np.split(np.arange(len(ordered)), first[1:]) if len(values) else []


def _turned_note(count: int) -> tuple[str, ...]:
    return (f"{count} boxes end before they begin (x2 < x1 or y2 < y1), and are taken as empty",) if count else ()


def _numbered_note(collection: VideoCollection) -> tuple[str, ...]:
    numbered = ", ".join(f"{label} {name}" for label, name in enumerate(collection.classes))
    return (f"the predictions number the classes; the annotation has them as {numbered}",)

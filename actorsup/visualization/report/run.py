"""What a work directory tells of a run."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actorsup.errors import InputError
from actorsup.io.reading import Layout, boxes, finite, naming, parse_json, read_json, read_text, require_layout
from actorsup.structures import predicted_class

PARTS = {
    "tested": "tables of metrics: actorsup test CONFIG CHECKPOINT",
    "predictions": "confusion of videos, videos that play: actorsup test CONFIG CHECKPOINT",
    "diagnosis": "the reasons of errors: actorsup test CONFIG CHECKPOINT --diagnose",
    "proposals": "recall of the proposals: actorsup eval-proposals CONFIG",
    "scalars": "curves of the training: actorsup train CONFIG",
}
OF_TRUE_TUBES = {"diagnosis", "proposals"}


def _share(value) -> None:
    finite(value)
    if not 0 <= value <= 1:
        raise ValueError(f"must be from 0 to 1, got {value}")


def _log_probability(value) -> None:
    finite(value)
    if value > MAX_LOG:
        raise ValueError(f"must be the logarithm of a probability, got {value}")


def _cell(value) -> None:
    require_layout(value, str if isinstance(value, str) else float, "it")


def _rows(value) -> None:
    """Rows of the same keys; what charts are made of has the kind that they need."""
    require_layout(value, [{str: _cell}], "it")
    if len({tuple(row) for row in value}) > 1:
        raise ValueError("must have the same columns in all rows")
    for row in value:
        for key in row:
            if key == "class" or key.startswith("AP@"):
                require_layout(row[key], str if key == "class" else float, key)


def _scalar(value) -> None:
    """A number, or a text of a user's hook."""
    require_layout(value, str if isinstance(value, str) else float, "it")


def _reader(value) -> None:
    require_layout(value, ({str: _anything}, None), "it")


def _anything(value) -> None:
    """What is not looked into."""


MAX_LOG = 700  # the exponential of a larger number is no float
OUTCOMES = [{"reason": str}]
TRUE_TUBE = {"start": int, "label": int, "boxes": boxes}
PREDICTED = {
    "path": str,
    "video": str,
    "labels": ([int], None),
    "video_scores": ([finite], None),
    "overlap": (_share, None),
    "tubes": [{**TRUE_TUBE, "score": _log_probability}],
    "true_tubes": [TRUE_TUBE],
}
PREDICTIONS = {"measured": str, "classes": [str], "reader": _reader, "videos": [PREDICTED]}
TESTED = {"measured": str, "metrics": {str: float}, "tables": {str: _rows}}
REASONS = {
    "true_tubes": [{"true tubes": str, "number": float, "mAP gain": float}],
    "false_detections": [{"false detections": str, "among the best": float, "mAP gain": float}],
}
DIAGNOSED = {"true_tubes": OUTCOMES, "false_detections": OUTCOMES}
DIAGNOSIS = {"diagnoses": [{"threshold": float, **REASONS, "videos": {str: DIAGNOSED}}]}
POINTS = [{"curve": str, "x": float, "recall": float}]
PROPOSALS = {str: {"store": str, "curves": POINTS}}


@dataclass(frozen=True, eq=False)
class Run:
    """The parts of a work directory that are there; those that are not are None, or empty."""

    name: str  #: that of the folder, unique among the runs of a page
    folder: Path
    tested: Mapping | None  #: ``test_metrics.json``
    predictions: Mapping | None  #: ``predictions.json``
    diagnosis: Mapping | None  #: ``diagnosis.json``, its first diagnosis
    proposals: Mapping[str, Mapping]  #: ``proposal_metrics.json``, an entry a store
    scalars: Sequence[Mapping]  #: what training and validation logged, in the order of its steps

    @classmethod
    def read(cls, folder: str | Path, name: str | None = None) -> "Run":
        """Read what the commands call ``--work-dir``.

        Raises:
            InputError: if there is no such folder, nothing in it is of use, or a file is not what the commands write.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise InputError(f"{folder}: no such work directory; the commands make it (--work-dir)")
        diagnosed = _read(folder / "diagnosis.json", DIAGNOSIS) or {"diagnoses": []}
        run = cls(
            name=name or folder.resolve().name,
            folder=folder,
            tested=_read(folder / "test_metrics.json", TESTED),
            predictions=_read(folder / "predictions.json", PREDICTIONS),
            diagnosis=next(iter(diagnosed["diagnoses"]), None),
            proposals=_read(folder / "proposal_metrics.json", PROPOSALS) or {},
            scalars=_scalars(folder),
        )
        if run.predictions is not None:
            with naming(folder / "predictions.json", InputError):
                _require_consistent(run.predictions)
        if len(run.missing) == len(PARTS):
            raise InputError(f"{folder}: holds no results; begin with `actorsup train` or `actorsup eval-proposals`")
        return run

    @property
    def missing(self) -> list[str]:
        """For each part that is not there, and can be, what it would show and the command that makes it."""
        on_labels_alone = self.predictions is not None and not any(
            video["true_tubes"] for video in self.predictions["videos"]
        )
        wanted = PARTS.keys() - (OF_TRUE_TUBES if on_labels_alone else ())
        return [remedy for part, remedy in PARTS.items() if part in wanted and not getattr(self, part)]

    @property
    def classes(self) -> Sequence[Mapping]:
        """The rows of the first table of average precision by class; none if there is no such table."""
        tables = (self.tested or {"tables": {}})["tables"]
        return next((rows for title, rows in tables.items() if title.startswith("AP by class")), [])

    def diagnosed(self, video: str) -> Mapping[str, Sequence[Mapping]]:
        """The entry of a video in the diagnosis, or an empty one."""
        return (self.diagnosis or {"videos": {}})["videos"].get(video, {"true_tubes": [], "false_detections": []})

    def errors_of(self, video: str) -> list[str]:
        """The reasons of the errors in a video, each once."""
        found = self.diagnosed(video)
        reasons = [tube["reason"] for tube in found["true_tubes"] if tube["reason"] != "found"]
        reasons += [f"false: {detection['reason']}" for detection in found["false_detections"]]
        return sorted(set(reasons))


def is_main(metric: str) -> bool:
    """Whether a number is of all classes, by the first protocol."""
    return metric == "accuracy" or (metric.startswith("mAP@") and "/" not in metric)


def true_classes(entry: Mapping) -> list[int]:
    """The classes that a video of ``predictions`` shows, each once."""
    return list(dict.fromkeys([*(entry["labels"] or ()), *(tube["label"] for tube in entry["true_tubes"])]))


def given_class(entry: Mapping) -> int | None:
    """The class that the model gives a video of ``predictions``; None if it gives none."""
    scores = entry["video_scores"]
    return None if scores is None else predicted_class(np.array(scores), has_tubes=bool(entry["tubes"]))


def _read(path: Path, layout: Layout) -> dict | None:
    if not path.is_file():
        return None
    content = read_json(path)
    is_dict = isinstance(content, dict)
    lacking = [key for key in layout if key is not str and not (is_dict and key in content)]
    if lacking or not is_dict:
        raise InputError(f"{path}: lacks {', '.join(lacking) or 'everything'}; make it again with this version")
    with naming(path, InputError):
        return require_layout(content, layout)


def _require_consistent(predictions: Mapping) -> None:
    """Refuse, by a ``ValueError``, predictions of classes or videos that there are not."""
    num_classes = len(predictions["classes"])
    names = [entry["video"] for entry in predictions["videos"]]
    if len(set(names)) < len(names):
        raise ValueError("names a video several times")
    for entry in predictions["videos"]:
        tubes = (*entry["tubes"], *entry["true_tubes"])
        labels = [*(entry["labels"] or ()), *(tube["label"] for tube in tubes)]
        if not all(0 <= label < num_classes for label in labels):
            raise ValueError(f"video {entry['video']}: labels {labels} of {num_classes} classes")
        if entry["video_scores"] is not None and len(entry["video_scores"]) != num_classes:
            raise ValueError(f"video {entry['video']}: {len(entry['video_scores'])} scores of {num_classes} classes")
        if any(tube["start"] < 0 for tube in tubes):
            raise ValueError(f"video {entry['video']}: a tube starts before frame 0")


def _scalars(folder: Path) -> list[dict]:
    """The logs of all starts of a training; a later start replaces the steps that it repeats."""
    logs = [rows for path in sorted(folder.glob("*/vis_data/scalars.json")) for rows in _by_start(_lines(path))]
    starts = [(rows, trained[0]) for rows in logs if (trained := [row["step"] for row in rows if "loss" in row])]
    # Their names are the times when they began. Those before the first that began anew went on from it: the clock was
    # set back between them, as in every autumn.
    anew = min(range(len(starts)), key=lambda index: starts[index][1], default=0)
    merged: list[dict] = []
    for rows, first in starts[anew : anew + 1] + starts[:anew] + starts[anew + 1 :]:
        merged = [row for row in merged if row["step"] < first] + rows
    return merged


def _by_start(rows: Sequence[dict]) -> list[list[dict]]:
    """The rows of each start: those of one second share a file, in which the steps go back."""
    starts, latest = [[]], 0
    for row in rows:
        if "loss" in row:
            if row["step"] <= latest:
                starts.append([])
            latest = row["step"]
        starts[-1].append(row)
    return starts


def _lines(path: Path) -> list[dict]:
    """What was logged; a last line that a kill has cut is left out."""
    *lines, cut = read_text(path).split("\n")
    rows = [parse_json(line, f"{path}: line {number}") for number, line in enumerate(lines, start=1)]
    with suppress(InputError):
        rows.append(parse_json(cut, path))
    for number, row in enumerate(rows, start=1):
        with naming(f"{path}: line {number}", InputError):
            require_layout(row, {str: _scalar})
            require_layout(row, {"step": int})
    return rows

"""What a work directory tells of a run."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import predicted_class

PARTS = {
    "tested": "tables of metrics: actorsup test CONFIG CHECKPOINT",
    "predictions": "confusion of videos, videos that play: actorsup test CONFIG CHECKPOINT",
    "diagnosis": "the reasons of errors: actorsup test CONFIG CHECKPOINT --diagnose",
    "proposals": "recall of the proposals: actorsup eval-proposals CONFIG",
    "scalars": "curves of the training: actorsup train CONFIG",
}


@dataclass(frozen=True, eq=False)
class Run:
    """The parts of a work directory that are there; those that are not are None, or empty."""

    name: str  #: that of the folder, unique among the runs of a page
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
        diagnosed = _read(folder / "diagnosis.json", ("diagnoses",)) or {"diagnoses": []}
        run = cls(
            name=name or folder.resolve().name,
            tested=_read(folder / "test_metrics.json", ("checkpoint", "metrics", "tables")),
            predictions=_read(folder / "predictions.json", ("checkpoint", "classes", "reader", "videos")),
            diagnosis=next(iter(diagnosed["diagnoses"]), None),
            proposals=_read(folder / "proposal_metrics.json", ()) or {},
            scalars=_scalars(folder),
        )
        if len(run.missing) == len(PARTS):
            raise InputError(f"{folder}: holds no results; begin with `actorsup train` or `actorsup eval-proposals`")
        return run

    @property
    def missing(self) -> list[str]:
        """For each part that is not there, what it would show and the command that makes it."""
        return [remedy for part, remedy in PARTS.items() if not getattr(self, part)]

    def diagnosed(self, video: str) -> Mapping[str, Sequence[Mapping]]:
        """The entry of a video in the diagnosis, or an empty one."""
        return (self.diagnosis or {"videos": {}})["videos"].get(video, {"true_tubes": [], "false_detections": []})

    def errors_of(self, video: str) -> list[str]:
        """The reasons of the errors in a video, each once."""
        found = self.diagnosed(video)
        reasons = [tube["reason"] for tube in found["true_tubes"] if tube["reason"] != "found"]
        reasons += [f"false: {detection['reason']}" for detection in found["false_detections"]]
        return sorted(set(reasons))


def given_class(entry: Mapping) -> int | None:
    """The class that the model gives a video of ``predictions``; None if it gives none."""
    scores = entry["video_scores"]
    return None if scores is None else predicted_class(np.array(scores), has_tubes=bool(entry["tubes"]))


def _read(path: Path, keys: Sequence[str]) -> dict | None:
    if not path.is_file():
        return None
    content = _parse(path.read_text(encoding="utf-8"), str(path))
    lacking = [key for key in keys if key not in content] if isinstance(content, dict) else keys or ["everything"]
    if lacking:
        raise InputError(f"{path}: lacks {', '.join(lacking)}; make it again with this version")
    return content


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"{where}: not JSON ({error}); make it again, or move it away") from error


def _scalars(folder: Path) -> list[dict]:
    """The logs of all starts of a training; a later start replaces the steps that it repeats."""
    logs = [_lines(path) for path in sorted(folder.glob("*/vis_data/scalars.json"))]
    starts = [(rows, trained[0]) for rows in logs if (trained := [row["step"] for row in rows if "loss" in row])]
    # Their names are the times when they began. Those before the first that began anew went on from it: the clock was
    # set back between them, as in every autumn.
    anew = min(range(len(starts)), key=lambda index: starts[index][1], default=0)
    merged: list[dict] = []
    for rows, first in starts[anew : anew + 1] + starts[:anew] + starts[anew + 1 :]:
        merged = [row for row in merged if row["step"] < first] + rows
    return merged


def _lines(path: Path) -> list[dict]:
    """What was logged; a last line that a kill has cut is left out."""
    *lines, cut = path.read_text(encoding="utf-8").split("\n")
    rows = [_parse(line, f"{path}: line {number}") for number, line in enumerate(lines, start=1)]
    with suppress(ValueError):
        rows.append(json.loads(cut))
    return rows

"""Measure trackers: each follows every target once, from its first true box to its last."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from mmengine.config import Config

from actorsup.errors import InputError
from actorsup.evaluation.functional import TrackingScores, mean_scores, score_track, tracking
from actorsup.io.files import save_csv, save_json
from actorsup.progress import progress_bar
from actorsup.registry import DATASETS, TRACKERS
from actorsup.trackers import Tracker
from actorsup.trackers.training_data import SequenceSource, TrackingSequence
from actorsup.visualization import equal_steps, save_figure, save_picture, track_rows, tracking_curves

CURVES = {
    "success": tracking.SUCCESS_THRESHOLDS,
    "precision": tracking.PRECISION_THRESHOLDS,
    "normalized_precision": tracking.NORMALIZED_PRECISION_THRESHOLDS,
}


@dataclass(frozen=True, eq=False)
class Track:
    """One target as a tracker followed it.

    ``boxes (T, 4)`` begin with the true box in the first annotated frame; they are NaN before it and after the last.
    """

    boxes: np.ndarray
    scores: TrackingScores  # over the annotated frames after the first
    num_updates: int  # frames that the tracker was shown after its first
    seconds: float  # that these took, without decoding

    def as_row(self, sequence: str) -> dict[str, str | int | float]:
        """A row of a table."""
        fps = self.num_updates / self.seconds
        return {"sequence": sequence, "frames": self.scores.num_frames, **self.scores.as_dict(), "fps": fps}


def evaluate_trackers(config: Config, show_dir: str | Path | None = None) -> dict[str, dict[str, Track]]:
    """Run every tracker of a config over every sequence of its sources, by tracker and ``source/sequence``.

    The config has ``trackers = dict(name=dict(type=…), …)`` and ``sequences = dict(name=dict(type=…), …)``, registered
    trackers and ``SequenceSource``s. Writes ``tracker_metrics.json``, ``tracker_metrics.csv`` and
    ``tracker_curves.png`` into the work directory, and into ``show_dir`` a picture of each sequence: a row of frames a
    tracker, the true box dashed.
    """
    for part in ("trackers", "sequences"):
        if not config.get(part):
            raise InputError(f"{config.filename}: has no {part} = dict(name=dict(type=…), …)")
    if config.launcher != "none":
        raise InputError(f"--launcher {config.launcher}: trackers are measured in one process; leave it out")
    sequences = _read_sequences(config.sequences)
    results = {}
    for name, settings in config.trackers.items():
        tracker = TRACKERS.build(settings)
        results[name] = {}
        with progress_bar(name, len(sequences), unit="frames") as progress:
            for key, sequence in sequences.items():
                progress.show(key)
                results[name][key] = follow(tracker, sequence)
                progress.advance(results[name][key].num_updates)
    _save(Path(config.work_dir), results)
    if show_dir is not None:
        for key, sequence in sequences.items():
            _show(Path(show_dir) / f"{key}.png", sequence, {name: tracks[key] for name, tracks in results.items()})
    return results


def _read_sequences(sources: Mapping[str, Mapping]) -> dict[str, TrackingSequence]:
    sequences = {}
    for name, settings in sources.items():
        source = DATASETS.build(settings)
        if not isinstance(source, SequenceSource):
            raise InputError(f"sequences.{name}: {settings['type']} holds no tracking sequences; use a SequenceSource")
        sequences |= {f"{name}/{sequence.name}": sequence for sequence in source}
    return sequences


def follow(tracker: Tracker, sequence: TrackingSequence) -> Track:
    """Start a tracker on the first true box of a sequence, and run it to the last annotated frame."""
    first, last = np.flatnonzero(sequence.annotated)[[0, -1]]
    if first == last:
        raise InputError(f"{sequence.name}: only frame {first} is annotated; measuring a tracker needs two")
    boxes = np.full((len(sequence), 4), np.nan, np.float32)
    frames = islice(enumerate(sequence.frames), first, last + 1)
    tracker.init(next(frames)[1], sequence.boxes[[first]])
    boxes[first] = sequence.boxes[first]
    seconds = 0.0
    for index, frame in frames:
        started = time.perf_counter()
        boxes[index] = tracker.update(frame)[0][0]
        seconds += time.perf_counter() - started
    scores = score_track(boxes[first + 1 : last + 1], sequence.boxes[first + 1 : last + 1])
    return Track(boxes, scores, int(last - first), seconds)


def tracker_tables(results: Mapping[str, Mapping[str, Track]]) -> tuple[list[dict], list[dict]]:
    """Two tables: mean IoU with a row a sequence and a column a tracker; the means over sequences, a row a tracker."""
    by_sequence = [
        {"sequence": key, "frames": track.scores.num_frames}
        | {name: tracks[key].scores.mean_iou for name, tracks in results.items()}
        for key, track in next(iter(results.values())).items()
    ]
    return by_sequence, [{"tracker": name, **_mean_row(tracks)} for name, tracks in results.items()]


def _mean_row(tracks: Mapping[str, Track]) -> dict[str, int | float]:
    """The means over sequences; the frames per second are those of all frames together."""
    mean = mean_scores([track.scores for track in tracks.values()])
    fps = sum(track.num_updates for track in tracks.values()) / sum(track.seconds for track in tracks.values())
    return {"frames": mean.num_frames, **mean.as_dict(), "fps": fps}


def _save(folder: Path, results: Mapping[str, Mapping[str, Track]]) -> None:
    means = {name: mean_scores([track.scores for track in tracks.values()]) for name, tracks in results.items()}
    content = {
        name: {
            "mean": _mean_row(tracks),
            "sequences": {key: track.as_row(key) for key, track in tracks.items()},
            "curves": {
                curve: {"thresholds": thresholds.round(6).tolist(), "values": getattr(means[name], curve).tolist()}
                for curve, thresholds in CURVES.items()
            },
        }
        for name, tracks in results.items()
    }
    save_json(folder / "tracker_metrics.json", content)
    rows = [{"tracker": name, **track.as_row(key)} for name, tracks in results.items() for key, track in tracks.items()]
    save_csv(folder / "tracker_metrics.csv", rows)
    save_figure(folder / "tracker_curves.png", tracking_curves(means), dpi=150)


def _show(path: Path, sequence: TrackingSequence, tracks: Mapping[str, Track], num_frames: int = 6) -> None:
    annotated = np.flatnonzero(sequence.annotated)[1:]
    shown = annotated[equal_steps(len(annotated), num_frames)]
    frames = np.stack([frame for index, frame in enumerate(sequence.frames) if index in shown])
    boxes = {name: track.boxes for name, track in tracks.items()}
    save_picture(path, track_rows(frames, shown, sequence.boxes, boxes))

"""The best tubes of every video, in plain values."""

import numpy as np

from actorsup.evaluation.functional import ScoredVideo, average_precision_protocol
from actorsup.evaluation.functional.video_overlaps import check_limit, check_unique
from actorsup.registry import METRICS
from actorsup.structures import RankedTubes, Tube, VideoSample

from .base import SampleMetric

DECIMALS = 1  # of a box, in pixels


@METRICS.register_module()
class PredictedVideos(SampleMetric):
    """Measures nothing; ``predictions`` lists every video with its best tubes, in plain values.

    An entry has ``video``, ``labels`` (or None), ``video_scores`` (K probabilities, or None), ``overlap``, ``tubes``
    and ``true_tubes``. ``overlap`` is that of a class's best-ranked tube with the true tube that it overlaps most,
    averaged over the classes that the video shows; None without true tubes. A tube has ``start``, ``label`` and
    ``boxes``; those of ``tubes`` also their ``score`` for the class ``label``, and ``tube``, their number among the
    ranked tubes, as in the diagnosis. ``tubes`` are the ``num_tubes`` best, each of its best class, then the best one
    of each class that the video shows or the model gives it.
    """

    def __init__(self, num_tubes: int = 5, protocol: str = "act", prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        check_limit(num_tubes, "num_tubes")
        self.num_tubes = num_tubes
        self.rule = average_precision_protocol(protocol).overlap
        self.predictions: list[dict] | None = None

    def measure(self, sample: VideoSample) -> dict:
        """The entry; boxes stay arrays, which take a tenth of the memory."""
        scored = self.scored(sample, [self.rule])[self.rule]
        scores = sample.video_scores
        return {
            "video": sample.video,
            "labels": None if sample.labels is None else [int(label) for label in sample.labels],
            "video_scores": None if scores is None else [round(float(score), 6) for score in scores],
            "overlap": _overlap_of_the_best(scored),
            "tubes": _worth_a_look(sample, self.num_tubes),
            "true_tubes": [_kept(tube, tube.label) for tube in sample.ground_truth],
        }

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """No number; sets ``predictions``, in the order of the videos' names."""
        check_unique(entry["video"] for entry in results)
        self.predictions = [
            entry | {kind: [_plain(tube) for tube in entry[kind]] for kind in ("tubes", "true_tubes")}
            for entry in sorted(results, key=lambda entry: entry["video"])
        ]
        return {}


@METRICS.register_module()
class KeptTubes(SampleMetric):
    """Measures nothing; ``tubes`` are the ranked tubes of every video, all of them with all their scores, by name."""

    def __init__(self, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        self.tubes: dict[str, RankedTubes] | None = None

    def measure(self, sample: VideoSample) -> tuple[str, RankedTubes]:
        """The video's name and its ranked tubes."""
        return sample.video, self.ranked(sample)

    def compute_metrics(self, results: list[tuple[str, RankedTubes]]) -> dict[str, float]:
        """No number; sets ``tubes``, in the order of the videos' names."""
        check_unique(video for video, _ in results)
        self.tubes = dict(sorted(results, key=lambda result: result[0]))
        return {}


def _worth_a_look(sample: VideoSample, num_tubes: int) -> list[dict]:
    """The best tubes, each of its best class; then of every class of interest the best tube, if it is not there yet."""
    ranked = sample.ranked_tubes
    if not len(ranked.tubes):
        return []
    labels = ranked.scores.argmax(axis=1)
    order = np.argsort(-ranked.scores.max(axis=1), kind="stable")[:num_tubes]
    of_interest = [*(sample.labels or ()), *(tube.label for tube in sample.ground_truth)]
    if sample.video_scores is not None:
        of_interest.append(sample.video_scores.argmax())
    chosen = [(int(index), int(labels[index])) for index in order]
    chosen += [(int(ranked.scores[:, label].argmax()), int(label)) for label in of_interest]
    return [
        {"tube": index, "score": float(ranked.scores[index, label]), **_kept(ranked.tubes[index], label)}
        for index, label in dict.fromkeys(chosen)
        if ranked.scores[index, label] > -np.inf
    ]


def _kept(tube: Tube, label: int) -> dict:
    return {"start": tube.start, "label": int(label), "boxes": tube.boxes}


def _plain(kept: dict) -> dict:
    return {**kept, "boxes": kept["boxes"].astype(float).round(DECIMALS).tolist()}


def _overlap_of_the_best(scored: ScoredVideo) -> float | None:
    iou, labels = scored.overlaps.iou, scored.overlaps.labels
    if not (len(labels) and len(iou)):
        return 0.0 if len(labels) else None
    return float(np.mean([iou[scored.scores[:, label].argmax(), labels == label].max() for label in np.unique(labels)]))

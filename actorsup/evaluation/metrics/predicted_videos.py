"""What the metrics of ranked tubes share: the predicted videos of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.evaluator import BaseMetric

from actorsup.errors import InputError
from actorsup.evaluation.functional import ScoredVideo, average_precision_protocol
from actorsup.evaluation.functional.video_overlaps import check_limit, check_unique
from actorsup.registry import METRICS
from actorsup.structures import OverlapRule, Tube, VideoSample


def class_names(dataset_meta: dict | None) -> tuple[str, ...]:
    """The names in ``dataset_meta['classes']``; without them an :class:`InputError`."""
    names = (dataset_meta or {}).get("classes")
    if not names:
        raise InputError("the metric knows no classes: the evaluation data set's metainfo must hold 'classes'")
    return tuple(names)


def scored_video(sample: VideoSample, num_classes: int, rules: Sequence[OverlapRule]) -> dict[OverlapRule, ScoredVideo]:
    """The sample's ranked tubes, their overlaps measured by each rule.

    Raises:
        InputError: if the scores are missing, of another shape, or NaN, or a true label is outside the classes.
    """
    ranked = sample.ranked_tubes
    expected = (len(ranked.tubes), num_classes)
    actual = None if ranked.scores is None else ranked.scores.shape
    if actual != expected:
        raise InputError(
            f"{sample.video}: the {expected[0]} ranked tubes and {expected[1]} classes of the data set need tube "
            f"scores of shape {expected}, the model gave {actual}: its num_classes must be that of the data set"
        )
    return ScoredVideo.under_rules(sample.video, ranked.tubes, sample.ground_truth, ranked.scores, rules)


@dataclass(frozen=True)
class MetricReport:
    """Tables of a metric, in its attribute ``report`` of the main process once it is computed.

    Args:
        tables: rows of the same keys, by title.
        shown: names of the numbers, without prefix, that the tables show already.
    """

    tables: Mapping[str, Sequence[Mapping[str, str | int | float]]]
    shown: frozenset[str]


DECIMALS = 1  # of a box, in pixels


@METRICS.register_module()
class PredictedVideos(BaseMetric):
    """Measures nothing; ``predictions`` lists every video with its best tubes, in plain values.

    An entry has ``video``, ``label``, ``video_scores`` (K probabilities; None where the model gives none), ``overlap``,
    ``tubes`` and ``true_tubes``.
    ``overlap`` is, of each class that the video shows, the overlap of its best-ranked tube with the true tube that it
    overlaps most, averaged over the classes; None without true tubes. A tube has ``start``, ``label`` and ``boxes``;
    those of ``tubes`` also their ``score`` for the class ``label`` and ``tube``, their number among the ranked tubes of
    the video, which the diagnosis gives too. They are the best tubes, each of its best class, followed by the best one
    of each class that the video shows, and of the one that the model gives it, unless that is among them.

    Args:
        num_tubes: of the best that are kept of each video.
        protocol: a name in :data:`actorsup.evaluation.functional.PROTOCOLS`, for overlap.
        prefix: as for every metric; there are no names to put it before.
        collect_device: where mmengine gathers the results of all ranks, ``cpu`` or ``gpu``.
    """

    default_prefix = ""  # None would make mmengine warn

    def __init__(
        self,
        num_tubes: int = 5,
        protocol: str = "act",
        prefix: str | None = None,
        collect_device: str = "cpu",
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        check_limit(num_tubes, "num_tubes")
        self.num_tubes = num_tubes
        self.rule = average_precision_protocol(protocol).overlap
        self.predictions: list[dict] | None = None

    def process(self, data_batch: object, data_samples: Sequence[VideoSample]) -> None:
        """Keep what is worth a look; unusable scores end the run here, not at the end."""
        num_classes = len(class_names(self.dataset_meta))
        for sample in data_samples:
            scored = scored_video(sample, num_classes, [self.rule])[self.rule]
            self.results.append(
                {
                    "video": sample.video,
                    "label": None if sample.label is None else int(sample.label),
                    "video_scores": _rounded(sample.video_scores),
                    "overlap": _overlap_of_the_best(scored),
                    "tubes": _worth_a_look(sample, self.num_tubes),
                    "true_tubes": [_kept(tube, tube.label) for tube in sample.ground_truth],
                }
            )

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """No number; sets ``predictions``, in the order of the videos' names."""
        check_unique(entry["video"] for entry in results)
        self.predictions = [
            {**entry, **{kind: [_plain(tube) for tube in entry[kind]] for kind in ("tubes", "true_tubes")}}
            for entry in sorted(results, key=lambda entry: entry["video"])
        ]
        return {}


def _rounded(scores: np.ndarray | None) -> list[float] | None:
    return None if scores is None else [round(float(score), 6) for score in scores]


def _worth_a_look(sample: VideoSample, num_tubes: int) -> list[dict]:
    """The best tubes, each of its best class; then of every class of interest the best tube, if it is not there yet."""
    ranked = sample.ranked_tubes
    if not len(ranked.tubes):
        return []
    labels = ranked.scores.argmax(axis=1)
    order = np.argsort(-ranked.scores.max(axis=1), kind="stable")[:num_tubes]
    of_interest = [sample.label, *(tube.label for tube in sample.ground_truth)]
    if sample.video_scores is not None:
        of_interest.append(sample.video_scores.argmax())
    chosen = [(int(index), int(labels[index])) for index in order]
    chosen += [(int(ranked.scores[:, label].argmax()), int(label)) for label in of_interest if label is not None]
    return [
        {"tube": index, "score": float(ranked.scores[index, label]), **_kept(ranked.tubes[index], label)}
        for index, label in dict.fromkeys(chosen)
        if ranked.scores[index, label] > -np.inf
    ]


def _kept(tube: Tube, label: int) -> dict:
    """A tube with its boxes as they are, which is a tenth of what lists of numbers take."""
    return {"start": tube.start, "label": int(label), "boxes": tube.boxes}


def _plain(kept: dict) -> dict:
    return {**kept, "boxes": kept["boxes"].astype(float).round(DECIMALS).tolist()}


def _overlap_of_the_best(scored: ScoredVideo) -> float | None:
    iou, labels = scored.overlaps.iou, scored.overlaps.labels
    if not len(labels):
        return None
    if not len(iou):
        return 0.0
    return float(np.mean([iou[scored.scores[:, label].argmax(), labels == label].max() for label in np.unique(labels)]))

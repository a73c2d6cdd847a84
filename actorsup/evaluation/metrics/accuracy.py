"""Accuracy of videos, of their best tubes, and of the target's place in pairs of crops."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np
from mmengine.logging import print_log

from actorsup.errors import InputError
from actorsup.evaluation.functional import ScoredVideo, average_precision_protocol, localization_accuracy
from actorsup.evaluation.functional.video_overlaps import check_label, check_thresholds, check_unique
from actorsup.registry import METRICS
from actorsup.structures import VideoSample, predicted_class

from .base import SampleMetric


@METRICS.register_module()
class VideoAccuracy(SampleMetric):
    """``accuracy``: the fraction of videos whose highest score is that of their label; without tubes they are wrong.

    Of equal highest scores the class with the lowest index counts.
    """

    def measure(self, sample: VideoSample) -> tuple[str, bool]:
        """The video's name, and whether its best class is its label."""
        num_classes = len(self.classes)
        self.check_shape(sample, "video", sample.video_scores, (num_classes,))
        if np.isnan(sample.video_scores).any():
            raise InputError(f"{sample.video}: a score of the video is NaN: the model has diverged")
        check_label(sample.video, sample.label, num_classes, "accuracy")
        return sample.video, predicted_class(sample.video_scores, has_tubes=bool(sample.proposals)) == sample.label

    def compute_metrics(self, results: list[tuple[str, bool]]) -> dict[str, float]:
        """The share of correct videos."""
        if not results:
            raise InputError("accuracy needs at least one video, the evaluation dataset gave none")
        check_unique(video for video, _ in results)
        return {"accuracy": float(np.mean([correct for _, correct in results]))}


@METRICS.register_module()
class LocalizationGivenLabel(SampleMetric):
    """``localization@θ``: the fraction of videos whose best tube for their true class is on the action.

    Beside :class:`VideoAccuracy` it tells apart what :class:`TubeMAP` mixes: what happens, and where. With a
    ``max_share`` only videos count whose actions of that class last at most this share of the longest proposal:
    untrimmed ones, where proposals span the video. Give it a ``prefix`` then. Where no video counts, it warns and gives
    no number.
    """

    def __init__(
        self,
        thresholds: Sequence[float] = (0.2, 0.5),
        protocol: str = "act",
        max_share: float | None = None,
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix=prefix)
        if max_share is not None and not 0 < max_share <= 1:
            raise InputError(f"LocalizationGivenLabel: max_share must be above 0 and at most 1, got {max_share}")
        self.max_share = max_share
        self.thresholds = check_thresholds(thresholds)
        self.protocol = average_precision_protocol(protocol)

    def measure(self, sample: VideoSample) -> tuple[ScoredVideo, int, bool]:
        """The ranked tubes, the label, and whether the video counts."""
        check_label(sample.video, sample.label, len(self.classes), "localisation")
        scored = self.scored(sample, [self.protocol.overlap])[self.protocol.overlap]
        return scored, sample.label, self.max_share is None or _share(sample) <= self.max_share

    def compute_metrics(self, results: list[tuple[ScoredVideo, int, bool]]) -> dict[str, float]:
        """The numbers over all videos that count."""
        counted = [result[:2] for result in results if result[2]]
        if results and not counted:
            message = f"localisation: in none of {len(results)} videos does an action last {self.max_share} or less"
            print_log(f"{message}; no number is given", logger="current", level=logging.WARNING)
            return {}
        videos, labels = zip(*counted, strict=True) if counted else ((), ())
        return localization_accuracy(videos, labels, self.thresholds, self.protocol)


def _share(sample: VideoSample) -> float:
    """How much of the longest proposal the longest action of the video's class lasts; 0 without either."""
    actions = [len(tube) for tube in sample.ground_truth if tube.label == sample.label]
    return max(actions, default=0) / max([len(tube) for tube in sample.proposals], default=np.inf)


@METRICS.register_module()
class PairPrecision(SampleMetric):
    """Means over pairs, from what ``SiamesePairs`` predicts.

    ``loss`` and ``accuracy`` (balanced, a fraction) as in training; ``center_error``, from the highest response to the
    target in pixels of the search crop; ``precision@<radius>``, the fraction of pairs where it is at most that.
    """

    def __init__(self, radius: float = 16.0, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        self.radius = radius

    def measure(self, sample: Mapping[str, float]) -> tuple[float, float, float]:
        """The numbers of a pair."""
        return sample["loss"], sample["accuracy"], sample["center_error"]

    def compute_metrics(self, results: list[tuple[float, float, float]]) -> dict[str, float]:
        """The means."""
        if not results:
            raise InputError("the precision on pairs needs at least one pair, the evaluation dataset gave none")
        loss, accuracy, errors = np.array(results).T
        return {
            "loss": float(loss.mean()),
            "accuracy": float(accuracy.mean()),
            "center_error": float(errors.mean()),
            f"precision@{self.radius:g}": float((errors <= self.radius).mean()),
        }

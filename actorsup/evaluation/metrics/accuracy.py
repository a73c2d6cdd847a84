"""Accuracy of videos, of their best tubes, and of the target's place in pairs of crops."""

from collections.abc import Mapping, Sequence

import numpy as np

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

    Beside :class:`VideoAccuracy` it tells apart what :class:`TubeMAP` mixes: what happens, and where.
    """

    def __init__(
        self, thresholds: Sequence[float] = (0.2, 0.5), protocol: str = "act", prefix: str | None = None
    ) -> None:
        super().__init__(prefix=prefix)
        self.thresholds = check_thresholds(thresholds)
        self.protocol = average_precision_protocol(protocol)

    def measure(self, sample: VideoSample) -> tuple[ScoredVideo, int]:
        """The ranked tubes and the label."""
        check_label(sample.video, sample.label, len(self.classes), "localisation")
        return self.scored(sample, [self.protocol.overlap])[self.protocol.overlap], sample.label

    def compute_metrics(self, results: list[tuple[ScoredVideo, int]]) -> dict[str, float]:
        """The numbers over all videos."""
        videos, labels = zip(*results, strict=True) if results else ((), ())
        return localization_accuracy(videos, labels, self.thresholds, self.protocol)


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

"""Accuracy of videos, of their best tubes, and of the target's place in pairs of crops."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np
from mmengine.logging import print_log

from actorsup.errors import InputError
from actorsup.evaluation.functional import ScoredVideo, average_precision_protocol, localization_accuracy
from actorsup.evaluation.functional.video_overlaps import check_labels, check_thresholds, check_unique
from actorsup.registry import METRICS
from actorsup.structures import VideoSample, predicted_class

from .base import MetricReport, SampleMetric


@METRICS.register_module()
class VideoAccuracy(SampleMetric):
    """``accuracy``: the fraction of videos whose highest score is that of a label; without tubes they are wrong.

    Of equal highest scores the class with the lowest index counts. Videos without a label do not count.
    """

    def measure(self, sample: VideoSample) -> tuple[str, bool | None]:
        """The video's name, and whether its best class is a label of it; None without labels."""
        labels = _checked_labels(self, sample, "accuracy")
        predicted = predicted_class(sample.video_scores, has_tubes=bool(sample.proposals))
        return sample.video, predicted in labels if labels else None

    def compute_metrics(self, results: list[tuple[str, bool | None]]) -> dict[str, float]:
        """The share of correct videos."""
        check_unique(video for video, _ in results)
        counted = [correct for _, correct in results if correct is not None]
        if not counted:
            raise InputError("accuracy needs at least one video with a label, the evaluation dataset gave none")
        return {"accuracy": float(np.mean(counted))}


@METRICS.register_module()
class VideoLabelMAP(SampleMetric):
    """``label_mAP``: mean average precision of the videos as a whole, for those that show several classes, or none.

    For each class the videos are ranked by its probability, those without tubes last; its average precision is the mean
    of the precision at each video that shows it, as on Charades. Classes that no video shows are left out of the mean.
    ``report`` has a table of the classes.
    """

    def __init__(self, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        self.report: MetricReport | None = None

    def measure(self, sample: VideoSample) -> tuple[str, np.ndarray, np.ndarray]:
        """The video's name, its scores, and which classes it shows, ``(K,)``."""
        labels = _checked_labels(self, sample, "label_mAP")
        scores = np.where(bool(sample.proposals), sample.video_scores, -np.inf)
        return sample.video, scores, np.isin(np.arange(len(self.classes)), labels)

    def compute_metrics(self, results: list[tuple[str, np.ndarray, np.ndarray]]) -> dict[str, float]:
        """The mean over the classes, from videos' names, scores ``(K,)`` and classes ``(K,)``; and sets ``report``."""
        check_unique(video for video, _, _ in results)
        results = sorted(results, key=lambda result: result[0])  # so equal scores are ordered by name
        if not any(shows.any() for _, _, shows in results):
            raise InputError("label_mAP needs at least one video with a label, the evaluation dataset gave none")
        shows = np.stack([shows for _, _, shows in results])
        order = np.argsort(-np.stack([scores for _, scores, _ in results]), axis=0, kind="stable")
        rows = []
        for label in np.flatnonzero(shows.any(axis=0)):
            places = np.flatnonzero(shows[order[:, label], label]) + 1
            precision = float((np.arange(1, len(places) + 1) / places).mean())
            rows.append({"class": self.classes[label], "videos": len(places), "AP": precision})
        mean = float(np.mean([row["AP"] for row in rows]))
        self.report = MetricReport({"labels of videos": rows}, frozenset())
        return {"label_mAP": mean}


def _checked_labels(metric: SampleMetric, sample: VideoSample, measure: str) -> tuple[int, ...]:
    """The labels of a video whose scores can be measured."""
    num_classes = len(metric.classes)
    metric.check_shape(sample, "video", sample.video_scores, (num_classes,))
    if np.isnan(sample.video_scores).any():
        raise InputError(f"{sample.video}: a score of the video is NaN: the model has diverged")
    return check_labels(sample.video, sample.labels, num_classes, measure)


@METRICS.register_module()
class LocalizationGivenLabel(SampleMetric):
    """``localization@θ``: the fraction of videos whose best tube for their true class is on the action.

    A video of several classes counts once for each. Beside :class:`VideoAccuracy` it tells apart what :class:`TubeMAP`
    mixes: what happens, and where. With a ``max_share`` only videos count whose actions of that class last at most this
    share of the longest proposal: untrimmed ones, where proposals span the video. Give it a ``prefix`` then. Where no
    video counts, it warns and gives no number.
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

    def measure(self, sample: VideoSample) -> tuple[ScoredVideo, list[int]]:
        """The ranked tubes, and the labels that count."""
        labels = check_labels(sample.video, sample.labels, len(self.classes), "localisation")
        scored = self.scored(sample, [self.protocol.overlap])[self.protocol.overlap]
        return scored, [label for label in labels if self.max_share is None or _share(sample, label) <= self.max_share]

    def compute_metrics(self, results: list[tuple[ScoredVideo, list[int]]]) -> dict[str, float]:
        """The numbers over all videos that count."""
        counted = [result for result in results if result[1]]
        if self.max_share is not None and results and not counted:
            message = f"localisation: in none of {len(results)} videos does an action last {self.max_share} or less"
            print_log(f"{message}; no number is given", logger="current", level=logging.WARNING)
            return {}
        videos, labels = zip(*counted, strict=True) if counted else ((), ())
        return localization_accuracy(videos, labels, self.thresholds, self.protocol)


def _share(sample: VideoSample, label: int) -> float:
    """How much of the longest proposal the longest action of a class lasts; 0 without either."""
    actions = [len(tube) for tube in sample.ground_truth if tube.label == label]
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

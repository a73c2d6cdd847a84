"""Average precision of ranked tubes, and the accuracy of the best one where the class is given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import Tube

from .ranking import Protocol, average_precision_protocol, class_rankings
from .video_overlaps import (
    ScoredVideo,
    VideoOverlaps,
    at_thresholds,
    check_label,
    check_limit,
    check_scored,
    check_thresholds,
    class_table,
)


@dataclass(frozen=True, eq=False)
class AveragePrecision:
    """Average precision of a dataset, as fractions."""

    thresholds: tuple[float, ...]  #: ``H`` overlap thresholds
    per_class: np.ndarray  #: ``(H, K)``, AP of each class; NaN where a class has no ground truth
    num_ground_truth: np.ndarray  #: ``(K,)``, true tubes of each class

    @property
    def mean(self) -> np.ndarray:
        """MAP ``(H,)``: the mean over the classes that have ground truth."""
        return np.nanmean(self.per_class, axis=1)

    def as_dict(self, classes: Sequence[str]) -> dict[str, float]:
        """``mAP@θ`` and ``AP@θ/<class>``, without classes that have no ground truth."""
        numbers = at_thresholds("mAP", self.thresholds, self.mean.tolist())
        for name, row in at_thresholds("AP", self.thresholds, self.per_class).items():
            numbers |= {f"{name}/{classes[label]}": float(row[label]) for label in np.flatnonzero(~np.isnan(row))}
        return numbers

    def per_class_table(self, classes: Sequence[str]) -> list[dict[str, str | int | float]]:
        """A row for each class with ground truth: ``class``, ``num_ground_truth``, ``AP@θ``."""
        return class_table(classes, self.num_ground_truth, at_thresholds("AP", self.thresholds, self.per_class))


def average_precision(
    videos: Sequence[ScoredVideo], thresholds: Sequence[float], protocol: Protocol, max_per_class: int | None = None
) -> AveragePrecision:
    """Average precision of every class: every tube is a detection of every class, but for those scored ``-inf``.

    The overlaps of the videos are those of ``protocol.overlap``. ``max_per_class`` counts only so many best tubes of
    each video for each class.

    Raises:
        InputError: if no video has ground truth, a video occurs twice, the videos differ in their number of classes, or
            a threshold (``0 < θ <= 1``) or the limit is out of range.
    """
    thresholds = check_thresholds(thresholds)
    check_limit(max_per_class, "max_per_class")
    num_classes = check_scored(videos)
    per_class = np.full((len(thresholds), num_classes), np.nan)
    num_ground_truth = np.zeros(num_classes, dtype=np.int64)
    for ranking in class_rankings(videos, max_per_class):
        num_ground_truth[ranking.label] = ranking.num_ground_truth
        for row, matches in enumerate(ranking.match(thresholds, protocol)):
            per_class[row, ranking.label] = ranked_precision(matches >= 0, ranking.num_ground_truth, protocol)
    return AveragePrecision(thresholds, per_class, num_ground_truth)


def ranked_precision(true_positives: np.ndarray, num_ground_truth: int, protocol: Protocol) -> float:
    """Average precision of one class whose detections, best first, are true or not: ``(D,)`` bool; 0 without any."""
    found = np.cumsum(true_positives)
    precision, recall = found / np.arange(1, len(found) + 1), found / num_ground_truth
    steps = np.diff(recall, prepend=0.0)
    if protocol.envelope:  # the highest precision at this or a higher recall
        return float(np.sum(steps * np.maximum.accumulate(precision[::-1])[::-1]))
    precision = np.concatenate([[1.0], precision])  # the raw curve starts at precision 1 and recall 0
    return float(np.sum(steps * (precision[1:] + precision[:-1]) / 2))


def evaluate_predictions(
    predictions: Iterable[tuple[str, Sequence[Tube], np.ndarray]],
    ground_truth: Mapping[str, Sequence[Tube]],
    classes: Sequence[str],
    thresholds: Sequence[float] = (0.2, 0.5),
    protocol: str = "act",
    max_per_class: int | None = None,
) -> tuple[dict[str, float], list[dict[str, str | int | float]]]:
    """:meth:`AveragePrecision.as_dict` and :meth:`AveragePrecision.per_class_table` of streamed predictions.

    Args:
        predictions: of each video its name, its ``P`` tubes, and their scores ``(P, K)``, ``-inf`` where a tube is no
            detection of a class. The true tubes of a video that does not occur here are missed.
        ground_truth: the true tubes of every evaluated video, including those without an action.
        classes: names of the ``K`` classes that the true tubes' labels index.
        thresholds: of overlap.
        protocol: a name in :data:`actorsup.evaluation.functional.PROTOCOLS`.
        max_per_class: as in :func:`average_precision`.

    Raises:
        InputError: as :func:`average_precision`, and if a video is not in the ground truth or its scores are NaN or not
            ``(P, K)``.
    """
    rules = average_precision_protocol(protocol)
    videos = []
    for video, tubes, scores in predictions:
        if video not in ground_truth:
            raise InputError(
                f"{video}: predicted, but not one of the {len(ground_truth)} videos of the ground truth; take it out, "
                "or give a video without an action an empty list of true tubes"
            )
        if np.shape(scores)[1:] != (len(classes),):
            raise InputError(
                f"{video}: the {len(tubes)} tubes and {len(classes)} classes need scores of shape "
                f"({len(tubes)}, {len(classes)}), got {np.shape(scores)}"
            )
        overlaps = VideoOverlaps.from_tubes(video, tubes, ground_truth[video], rules.overlap)
        videos.append(ScoredVideo(overlaps, np.array(scores, dtype=np.float64)))
    for video in ground_truth.keys() - {scored.overlaps.video for scored in videos}:
        overlaps = VideoOverlaps.from_tubes(video, (), ground_truth[video], rules.overlap)
        videos.append(ScoredVideo(overlaps, np.zeros((0, len(classes)))))
    result = average_precision(videos, thresholds, rules, max_per_class)
    return result.as_dict(classes), result.per_class_table(classes)


def localization_accuracy(
    videos: Sequence[ScoredVideo], labels: Sequence[int], thresholds: Sequence[float], protocol: Protocol
) -> dict[str, float]:
    """``localization@θ``: the fraction of videos whose best tube for their true class overlaps a true tube of it.

    Of equal scores the first tube counts. A video without a tube for its class is wrong; one without a true tube of its
    class is left out. Errors as :func:`average_precision`, and if a label is no class or all videos are left out.
    """
    thresholds = check_thresholds(thresholds)
    num_classes = check_scored(videos)
    overlaps = []
    for video, label in zip(videos, labels, strict=True):
        check_label(video.overlaps.video, label, num_classes, "localisation")
        true = video.overlaps.labels == label
        if true.any():
            scores = video.scores[:, label]
            detected = scores.max(initial=-np.inf) > -np.inf
            overlaps.append(video.overlaps.iou[scores.argmax(), true].max() if detected else 0.0)
    if not overlaps:
        raise InputError(
            f"none of the {len(videos)} videos has a true tube of its own class: do the labels of the videos and those "
            "of the annotation number the classes alike?"
        )
    shares = [float(protocol.suffices(np.array(overlaps), threshold).mean()) for threshold in thresholds]
    return at_thresholds("localization", thresholds, shares)

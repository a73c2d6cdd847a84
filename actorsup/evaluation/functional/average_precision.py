"""Average precision of ranked tubes, under the named protocols of the literature."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.errors import InputError

from .checks import check_ground_truth, check_limit, check_thresholds, check_unique
from .tube_iou import OverlapRule
from .video_overlaps import ScoredVideo

MATCHINGS = ("best_unmatched", "best_of_all")


@dataclass(frozen=True)
class Protocol:
    """One definition of average precision: how tubes overlap, which match, and what is summed.

    Under every protocol tubes are matched greedily by descending score, each true tube once.

    Args:
        overlap: how the overlap of two tubes is measured.
        strict: whether a match needs an overlap ``>`` the threshold; otherwise ``>=`` suffices.
        matching: the true tube of its class and video that a detection is compared with: ``best_unmatched``, the one
            it overlaps best of those not matched yet; ``best_of_all``, the one it overlaps best, and if that is taken
            already the detection is false.
        envelope: whether precision is made monotonous and summed as steps (PASCAL VOC, all points); otherwise the
            trapezoid under the raw curve, which starts at precision 1 and recall 0.

    Raises:
        ValueError: if the matching is unknown.
    """

    overlap: OverlapRule
    strict: bool
    matching: str
    envelope: bool

    def __post_init__(self) -> None:
        if self.matching not in MATCHINGS:
            raise ValueError(f"matching must be one of {', '.join(MATCHINGS)}, got {self.matching!r}")


PROTOCOLS: dict[str, Protocol] = {
    # Kalogeiton et al., Action tubelet detector, ICCV 2017; the evaluation that MOC (Li et al., ECCV 2020) shares.
    "act": Protocol(
        overlap=OverlapRule(detection_offset=1, ground_truth_offset=1),
        strict=False,
        matching="best_unmatched",
        envelope=False,
    ),
}


def average_precision_protocol(name: str) -> Protocol:
    """The protocol of that name; an unknown one is an :class:`InputError` that lists the known ones."""
    if name not in PROTOCOLS:
        raise InputError(
            f"unknown protocol {name!r} of average precision: choose one of {', '.join(sorted(PROTOCOLS))}"
        )
    return PROTOCOLS[name]


@dataclass(frozen=True, eq=False)
class AveragePrecision:
    """Average precision of a data set, as fractions.

    Args:
        thresholds: ``H`` overlap thresholds.
        per_class: ``(H, K)``, AP of each class; NaN where a class has no ground truth.
    """

    thresholds: tuple[float, ...]
    per_class: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """MAP ``(H,)``: the mean over the classes that have ground truth."""
        return np.nanmean(self.per_class, axis=1)

    def as_dict(self, classes: Sequence[str]) -> dict[str, float]:
        """``mAP@θ`` and ``AP@θ/<class>`` as fractions in 0..1; classes without ground truth are left out."""
        numbers = {
            f"mAP@{threshold:g}": float(value) for threshold, value in zip(self.thresholds, self.mean, strict=True)
        }
        for threshold, row in zip(self.thresholds, self.per_class, strict=True):
            for label in np.flatnonzero(~np.isnan(row)):
                numbers[f"AP@{threshold:g}/{classes[label]}"] = float(row[label])
        return numbers


def average_precision(
    videos: Sequence[ScoredVideo],
    thresholds: Sequence[float],
    protocol: Protocol,
    max_per_class: int | None = None,
) -> AveragePrecision:
    """Average precision of every class: every tube of every video is a detection of every class.

    Equal scores are ordered by the name of the video, then by the rank of the tube, so that the order of the videos
    does not matter.

    Args:
        videos: all videos, their overlaps measured by ``protocol.overlap``; one without tubes adds its true tubes as
            missed.
        thresholds: overlap thresholds.
        protocol: what counts as a match, and how precision is summed.
        max_per_class: count only so many best tubes of each video for each class; None is all.

    Raises:
        InputError: if no video has ground truth, a video occurs twice, the videos differ in their number of classes, a
            threshold is not in ``0 < θ <= 1``, or ``max_per_class`` is below 1.
    """
    thresholds = check_thresholds(thresholds)
    check_limit(max_per_class, "max_per_class")
    check_unique(video.overlaps.video for video in videos)
    if len({video.scores.shape[1] for video in videos}) > 1:
        examples = {video.scores.shape[1]: video.overlaps.video for video in videos}
        raise InputError(f"all videos need scores for the same number of classes, got {examples}")
    check_ground_truth(sum(len(video.overlaps.labels) for video in videos), len(videos))

    videos = sorted(videos, key=lambda video: video.overlaps.video)
    num_classes = videos[0].scores.shape[1]
    per_class = np.full((len(thresholds), num_classes), np.nan)
    for label in np.unique(np.concatenate([video.overlaps.labels for video in videos])):
        per_class[:, label] = _class_average_precision(videos, label, thresholds, protocol, max_per_class)
    return AveragePrecision(thresholds, per_class)


def _class_average_precision(
    videos: Sequence[ScoredVideo],
    label: int,
    thresholds: tuple[float, ...],
    protocol: Protocol,
    max_per_class: int | None,
) -> list[float]:
    """AP of one class at each threshold; the videos are sorted by name."""
    scores, overlaps = [], []
    for video in videos:
        order = np.argsort(-video.scores[:, label], kind="stable")[:max_per_class]
        scores.append(video.scores[order, label])
        overlaps.append(video.overlaps.iou[np.ix_(order, video.overlaps.labels == label)])
    ranking = np.argsort(-np.concatenate(scores), kind="stable")

    num_ground_truth = sum(iou.shape[1] for iou in overlaps)
    summarise = _envelope_area if protocol.envelope else _trapezoid_area
    values = []
    for threshold in thresholds:
        # A detection can only match in its own video, so the greedy pass over all videos is one pass within each.
        true_positives = np.concatenate([match_tubes(iou, threshold, protocol) for iou in overlaps])[ranking]
        found = np.cumsum(true_positives)
        precision = found / np.arange(1, len(found) + 1)
        values.append(summarise(precision, found / num_ground_truth))
    return values


def match_tubes(iou: np.ndarray, threshold: float, protocol: Protocol) -> np.ndarray:
    """Greedy matching of the detections of one class in one video.

    Args:
        iou: ``(P, G)``, detections by descending score, true tubes of the class.
        threshold: least overlap of a match.
        protocol: which true tube a detection is compared with, and whether the threshold itself suffices.

    Returns:
        ``(P,)`` bool, the detections that match.
    """
    matched = np.zeros(len(iou), dtype=bool)
    enough = iou > threshold if protocol.strict else iou >= threshold
    free = np.ones(iou.shape[1], dtype=bool)
    for index in np.flatnonzero(enough.any(axis=1)):
        row = iou[index]
        candidates = np.where(free, row, -1.0) if protocol.matching == "best_unmatched" else row
        best = candidates.argmax()
        if free[best] and enough[index, best]:
            matched[index] = True
            free[best] = False
    return matched


def _trapezoid_area(precision: np.ndarray, recall: np.ndarray) -> float:
    """Area under the raw curve, which starts at precision 1 and recall 0; 0 without detections."""
    precision, recall = np.concatenate([[1.0], precision]), np.concatenate([[0.0], recall])
    return float(np.sum(np.diff(recall) * (precision[1:] + precision[:-1]) / 2))


def _envelope_area(precision: np.ndarray, recall: np.ndarray) -> float:
    """Σ ΔR · (the highest precision at this or a higher recall); 0 without detections."""
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * envelope))

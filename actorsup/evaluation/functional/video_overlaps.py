"""Overlaps of the tubes of a video with its true tubes, and what every measure demands of its input."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import Tube
from actorsup.structures.tube_overlap import OverlapRule, tube_iou, tube_ious


@dataclass(frozen=True, eq=False)
class VideoOverlaps:
    """The overlaps of one video, computed once and shared by all classes and thresholds.

    Args:
        video: name of the video, unique in its data set.
        iou: ``(P, G)`` float64, overlap of each tube, in rank order, with each true tube.
        labels: ``(G,)`` int64, the action class of each true tube.

    Raises:
        ValueError: if the shapes do not agree or an overlap lies outside 0..1.
    """

    video: str
    iou: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        iou = np.array(self.iou, dtype=np.float64)
        labels = np.array(self.labels, dtype=np.int64)
        if iou.ndim != 2 or labels.shape != iou.shape[1:]:
            raise ValueError(
                f"{self.video}: overlaps must have the shape (num_tubes, num_ground_truth) and labels one entry "
                f"a true tube, got {iou.shape} and {labels.shape}"
            )
        if not ((iou >= 0) & (iou <= 1)).all():
            raise ValueError(f"{self.video}: overlaps must lie in 0..1, got values from {iou.min()} to {iou.max()}")
        object.__setattr__(self, "iou", iou)
        object.__setattr__(self, "labels", labels)

    @classmethod
    def from_tubes(
        cls, video: str, tubes: Sequence[Tube], ground_truth: Sequence[Tube], rule: OverlapRule
    ) -> "VideoOverlaps":
        """Measure the overlaps of a video's tubes, in rank order, with its true tubes."""
        return cls(video, tube_iou(tubes, ground_truth, rule), np.array([tube.label for tube in ground_truth]))

    def check_labels(self, num_classes: int) -> None:
        """Raise :class:`InputError` if a true tube's label is not one of ``num_classes`` classes."""
        outside = self.labels[(self.labels < 0) | (self.labels >= num_classes)]
        if outside.size:
            raise InputError(
                f"{self.video}: a true tube has the label {outside[0]}, but the data set has the classes "
                f"0 to {num_classes - 1}: correct the annotation or the list of classes"
            )


@dataclass(frozen=True, eq=False)
class ScoredVideo:
    """A video's overlaps beside the scores of its tubes.

    Args:
        overlaps: of ``P`` tubes with ``G`` true tubes.
        scores: ``(P, K)`` float64, each tube's score for each class, on any scale; ``-inf`` where it is no detection of
            the class.

    Raises:
        InputError: if a score is NaN, the scores are not ``(P, K)``, or a true label is not one of the ``K`` classes.
    """

    overlaps: VideoOverlaps
    scores: np.ndarray

    def __post_init__(self) -> None:
        scores = _read_only(self.scores)
        num_tubes = len(self.overlaps.iou)
        if scores.ndim != 2 or len(scores) != num_tubes:
            raise InputError(
                f"{self.overlaps.video}: {num_tubes} tubes need scores of shape ({num_tubes}, num_classes), "
                f"got {scores.shape}"
            )
        if np.isnan(scores).any():
            tube, label = np.argwhere(np.isnan(scores))[0]
            raise InputError(
                f"{self.overlaps.video}: the score of tube {tube} for class {label} is NaN "
                f"({int(np.isnan(scores).sum())} of {scores.size} scores are): the model has diverged"
            )
        self.overlaps.check_labels(scores.shape[1])
        object.__setattr__(self, "scores", scores)

    @classmethod
    def under_rules(
        cls,
        video: str,
        tubes: Sequence[Tube],
        ground_truth: Sequence[Tube],
        scores: np.ndarray,
        rules: Sequence[OverlapRule],
    ) -> dict[OverlapRule, "ScoredVideo"]:
        """The video as each rule measures it; the scores are kept once."""
        labels = np.array([tube.label for tube in ground_truth])
        scores = _read_only(scores)
        overlaps = tube_ious(tubes, ground_truth, rules)
        return {rule: cls(VideoOverlaps(video, iou, labels), scores) for rule, iou in overlaps.items()}


def _read_only(scores: np.ndarray) -> np.ndarray:
    """The scores as float64 that nobody can change: a copy, unless they are such an array already."""
    given = np.asarray(scores)
    if given.dtype == np.float64 and given.base is None and not given.flags.writeable:
        return given
    copied = np.array(scores, dtype=np.float64)
    copied.setflags(write=False)
    return copied


def check_unique(videos: Iterable[str]) -> None:
    """Raise :class:`InputError` naming a video that occurs more than once: its tubes would count twice."""
    repeated = sorted(video for video, count in Counter(videos).items() if count > 1)
    if repeated:
        raise InputError(
            f"each video is evaluated once, but {len(repeated)} occur more than once, the first is {repeated[0]!r}: "
            "are the names of the videos unique in the data set?"
        )


def check_thresholds(thresholds: Sequence[float]) -> tuple[float, ...]:
    """The overlap thresholds as floats.

    Raises:
        InputError: if there is none, or one is outside ``0 < θ <= 1``; at 0 every tube would be correct.
    """
    values = tuple(float(threshold) for threshold in thresholds)
    if not values or not all(0 < value <= 1 for value in values):
        raise InputError(f"expected one or more overlap thresholds in 0 < threshold <= 1, got {values}")
    return values


def check_background(background: float, threshold: float) -> None:
    """Raise :class:`InputError` if the overlap below which there is none to speak of is not in ``0 < θ_b <= θ``."""
    if not 0 < background <= threshold:
        raise InputError(f"background must be in 0 < background <= threshold = {threshold}, got {background}")


def check_limit(limit: int | None, name: str) -> None:
    """Raise :class:`InputError` if a limit on the number of tubes is neither None nor 1 or more."""
    if limit is not None and limit < 1:
        raise InputError(f"{name} must be 1 or more, or None for all tubes, got {limit}")


def check_ground_truth(num_ground_truth: int, num_videos: int) -> None:
    """Raise :class:`InputError` if there is no true tube at all: nothing could be measured, and 0 would mislead."""
    if num_ground_truth == 0:
        raise InputError(
            f"the {num_videos} evaluated videos have not one true tube: give the evaluation split box annotation, or "
            "leave recall and mean average precision out of the evaluator (training needs no boxes)"
        )


def check_scored(videos: Sequence[ScoredVideo]) -> int:
    """Check what every measure of ranked tubes demands of the videos together, and return the number of classes.

    Raises:
        InputError: if a video occurs twice, they differ in their number of classes, or there is no true tube.
    """
    check_unique(video.overlaps.video for video in videos)
    examples = {video.scores.shape[1]: video.overlaps.video for video in videos}
    if len(examples) > 1:
        raise InputError(f"all videos need scores for the same number of classes, got {examples}")
    check_ground_truth(sum(len(video.overlaps.labels) for video in videos), len(videos))
    return next(iter(examples))

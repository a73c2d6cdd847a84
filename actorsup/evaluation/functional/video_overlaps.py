"""What evaluation keeps of a video: how much its tubes overlap its ground truth, and the scores of its tubes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import Tube

from .tube_iou import OverlapRule, tube_iou, tube_ious


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

"""What all measures share: the overlaps of a video's tubes with its true ones, checks of the input, rows of tables."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import OverlapRule, Tube, tube_ious


@dataclass(frozen=True, eq=False)
class VideoOverlaps:
    """The overlaps of one video, computed once and shared by all classes and thresholds."""

    video: str  #: name, unique in the dataset
    iou: np.ndarray  #: ``(P, G)`` float64 in 0..1, overlap of each tube, in rank order, with each true tube
    labels: np.ndarray  #: ``(G,)`` int64, the class of each true tube

    def __post_init__(self) -> None:
        iou, labels = np.asarray(self.iou, dtype=np.float64), np.asarray(self.labels, dtype=np.int64)
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
    def under_rules(
        cls, video: str, tubes: Sequence[Tube], ground_truth: Sequence[Tube], rules: Sequence[OverlapRule]
    ) -> dict[OverlapRule, "VideoOverlaps"]:
        """The overlaps of a video's tubes, in rank order, with its true tubes, as each rule measures them."""
        labels = np.array([tube.label for tube in ground_truth])
        return {rule: cls(video, iou, labels) for rule, iou in tube_ious(tubes, ground_truth, rules).items()}

    @classmethod
    def from_tubes(
        cls, video: str, tubes: Sequence[Tube], ground_truth: Sequence[Tube], rule: OverlapRule
    ) -> "VideoOverlaps":
        """The overlaps as one rule measures them."""
        return cls.under_rules(video, tubes, ground_truth, [rule])[rule]

    def check_labels(self, num_classes: int) -> None:
        """Raise :class:`InputError` if a true tube's label is not one of ``num_classes`` classes."""
        check_true_labels(self.video, self.labels, num_classes)


@dataclass(frozen=True, eq=False)
class ScoredVideo:
    """A video's overlaps beside the scores of its tubes.

    Raises:
        InputError: if a score is NaN, the scores are not ``(P, K)``, or a true label is not one of the ``K`` classes.
    """

    overlaps: VideoOverlaps
    #: ``(P, K)`` float64, each tube's score for each class, on any scale; ``-inf`` where it is no detection of it.
    scores: np.ndarray

    def __post_init__(self) -> None:
        scores = check_scores(self.overlaps.video, self.scores, len(self.overlaps.iou))
        self.overlaps.check_labels(scores.shape[1])
        object.__setattr__(self, "scores", scores)

    def without(self, labels: Sequence[int]) -> "ScoredVideo":
        """The video without the true tubes and the detections of these classes, whose numbers stay what they are."""
        if not labels:
            return self
        kept = ~np.isin(self.overlaps.labels, labels)
        scores = self.scores.copy()
        scores[:, labels] = -np.inf
        overlaps = VideoOverlaps(self.overlaps.video, self.overlaps.iou[:, kept], self.overlaps.labels[kept])
        return ScoredVideo(overlaps, scores)


def look_up(protocols: Mapping[str, Any], name: str, kind: str) -> Any:
    """The protocol of that name; an :class:`InputError` lists the known ones."""
    if name not in protocols:
        raise InputError(f"unknown {kind} {name!r}: choose one of {', '.join(sorted(protocols))}")
    return protocols[name]


def check_thresholds(thresholds: Sequence[float]) -> tuple[float, ...]:
    """The overlap thresholds as floats; none, or one outside ``0 < θ <= 1``, is an :class:`InputError`."""
    values = tuple(float(threshold) for threshold in thresholds)
    if not values or not all(0 < value <= 1 for value in values):
        raise InputError(f"expected one or more overlap thresholds in 0 < threshold <= 1, got {values}")
    return values


def check_background(background: float, threshold: float) -> None:
    """Raise :class:`InputError` if the overlap below which all is background is not in ``0 < θ_b <= θ``."""
    if not 0 < background <= threshold:
        raise InputError(f"background must be in 0 < background <= threshold = {threshold}, got {background}")


def check_limit(limit: int | None, name: str) -> None:
    """Raise :class:`InputError` if a limit on the number of tubes is neither None nor 1 or more."""
    if limit is not None and limit < 1:
        raise InputError(f"{name} must be 1 or more, or None for all tubes, got {limit}")


def check_scores(video: str, scores: np.ndarray, num_tubes: int) -> np.ndarray:
    """The scores as float64; NaN, or another shape than ``(num_tubes, K)``, is an :class:`InputError`."""
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 2 or len(scores) != num_tubes:
        raise InputError(
            f"{video}: {num_tubes} tubes need scores of shape ({num_tubes}, num_classes), got {scores.shape}"
        )
    if np.isnan(scores).any():
        tube, label = np.argwhere(np.isnan(scores))[0]
        raise InputError(
            f"{video}: the score of tube {tube} for class {label} is NaN "
            f"({int(np.isnan(scores).sum())} of {scores.size} scores are): the model has diverged"
        )
    return scores


def check_true_labels(video: str, labels: np.ndarray, num_classes: int) -> None:
    """Raise :class:`InputError` if a true tube's label is not one of ``num_classes`` classes."""
    outside = labels[(labels < 0) | (labels >= num_classes)]
    if outside.size:
        raise InputError(
            f"{video}: a true tube has the label {outside[0]}, but the dataset has the classes "
            f"0 to {num_classes - 1}: correct the annotation or the list of classes"
        )


def check_nms(threshold: float | None) -> None:
    """Raise :class:`InputError` if an overlap above which tubes are suppressed is neither None nor in 0..1."""
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"nms must be an overlap from 0 to 1, or None to suppress nothing, got {threshold}")


def check_excluded(names: Sequence[str], classes: Sequence[str]) -> list[int]:
    """The numbers of classes to leave out; one that is none of the classes is an :class:`InputError`."""
    if unknown := [name for name in names if name not in classes]:
        raise InputError(f"excluded_classes: {', '.join(unknown)}: none of the classes {', '.join(classes)}")
    return [index for index, name in enumerate(classes) if name in names]


def check_known(video: str, ground_truth: Mapping[str, Any]) -> None:
    """Raise :class:`InputError` if a predicted video has no entry in the ground truth."""
    if video not in ground_truth:
        raise InputError(
            f"{video}: predicted, but not one of the {len(ground_truth)} videos of the ground truth; take it out, "
            "or give a video without an action an empty list of true tubes"
        )


def check_label(video: str, label: int, num_classes: int, measure: str) -> None:
    """Raise :class:`InputError` if a label of a video that a measure needs is not one of the classes."""
    if not 0 <= label < num_classes:
        raise InputError(f"{video}: {measure} needs the video's label, 0 to {num_classes - 1}, got {label}")


def check_labels(video: str, labels: Sequence[int] | None, num_classes: int, measure: str) -> tuple[int, ...]:
    """The labels of a video, if a measure that needs them can use them; an :class:`InputError` if not."""
    if labels is None:
        raise InputError(f"{video}: {measure} needs the video's labels, and they are not known")
    for label in labels:
        check_label(video, label, num_classes, measure)
    return tuple(labels)


def check_unique(videos: Iterable[str]) -> None:
    """Raise :class:`InputError` naming a video that occurs more than once: its tubes would count twice."""
    repeated = sorted(video for video, count in Counter(videos).items() if count > 1)
    if repeated:
        raise InputError(
            f"each video is evaluated once, but {len(repeated)} occur more than once, the first is {repeated[0]!r}: "
            "are the names of the videos unique in the dataset?"
        )


def check_videos(videos: Sequence[VideoOverlaps]) -> None:
    """Raise :class:`InputError` if a video occurs twice, or there is no true tube: 0 would mislead."""
    check_unique(video.video for video in videos)
    if not any(len(video.labels) for video in videos):
        raise InputError(
            f"the {len(videos)} evaluated videos have not one true tube: give the evaluation split box annotation, or "
            "leave recall and mean average precision out of the evaluator (training needs no boxes)"
        )


def check_scored(videos: Sequence[ScoredVideo]) -> int:
    """The number of classes; as :func:`check_videos`, and an error too if the videos differ in it."""
    check_videos([video.overlaps for video in videos])
    examples = {video.scores.shape[1]: video.overlaps.video for video in videos}
    if len(examples) > 1:
        raise InputError(f"all videos need scores for the same number of classes, got {examples}")
    return next(iter(examples))


def at_thresholds(name: str, thresholds: Sequence[float], values: Iterable) -> dict:
    """The value at each threshold by ``name@θ``."""
    return {f"{name}@{threshold:g}": value for threshold, value in zip(thresholds, values, strict=True)}


def class_table(
    classes: Sequence[str], num_ground_truth: np.ndarray, columns: Mapping[str, np.ndarray]
) -> list[dict[str, str | int | float]]:
    """A row for each class with ground truth: ``class``, ``num_ground_truth`` and its value in each column ``(K,)``."""
    return [
        {
            "class": classes[label],
            "num_ground_truth": int(num_ground_truth[label]),
            **{name: float(values[label]) for name, values in columns.items()},
        }
        for label in np.flatnonzero(num_ground_truth)
    ]

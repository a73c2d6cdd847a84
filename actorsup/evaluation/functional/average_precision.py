"""Average precision of ranked tubes, and the accuracy of the best one where the class is given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import Tube, suppress

from .ranking import RANGES, Protocol, average_precision_protocol, class_rankings, ranked_precision
from .video_overlaps import (
    ScoredVideo,
    VideoOverlaps,
    at_thresholds,
    check_excluded,
    check_known,
    check_label,
    check_limit,
    check_nms,
    check_scored,
    check_thresholds,
    class_table,
)


@dataclass(frozen=True, eq=False)
class AveragePrecision:
    """Average precision of a dataset, as fractions."""

    thresholds: tuple[float, ...]  #: ``H`` overlap thresholds
    per_class: np.ndarray  #: ``(H, K)``, AP of each class; NaN where a class has no ground truth
    recall: np.ndarray  #: ``(H, K)``, share of the true tubes, or boxes, that some detection matches; NaN likewise
    num_ground_truth: np.ndarray  #: ``(K,)``, true tubes, or boxes, of each class
    ranges: tuple[str, ...] = ()  #: ``R`` of :data:`RANGES`
    per_class_of_ranges: np.ndarray | None = None  #: ``(R, K)``, each class's mean AP over the thresholds of a range

    @property
    def mean(self) -> np.ndarray:
        """MAP ``(H,)``: the mean over the classes that have ground truth."""
        return np.nanmean(self.per_class, axis=1)

    def means(self) -> dict[str, float]:
        """MAP by threshold and range, as ``0.5`` and ``0.5:0.95``."""
        return {name: float(np.nanmean(values)) for name, values in self._named().items()}

    def as_dict(self, classes: Sequence[str], prefix: str = "") -> dict[str, float]:
        """``mAP@θ`` and ``AP@θ/<class>``, without classes that have no ground truth; the prefix stands before each."""
        numbers = {f"{prefix}mAP@{name}": value for name, value in self.means().items()}
        for name, values in self._named().items():
            known = np.flatnonzero(~np.isnan(values))
            numbers |= {f"{prefix}AP@{name}/{classes[label]}": float(values[label]) for label in known}
        return numbers

    def per_class_table(self, classes: Sequence[str]) -> list[dict[str, str | int | float]]:
        """A row for each class with ground truth: ``class``, ``num_ground_truth``, ``AP@θ``, ``recall@θ``."""
        columns = {f"AP@{name}": values for name, values in self._named().items()}
        columns |= at_thresholds("recall", self.thresholds, self.recall)
        return class_table(classes, self.num_ground_truth, columns)

    def _named(self) -> dict[str, np.ndarray]:
        """AP of each class ``(K,)`` by threshold and range."""
        of_thresholds = {f"{value:g}": row for value, row in zip(self.thresholds, self.per_class, strict=True)}
        return of_thresholds | dict(zip(self.ranges, () if not self.ranges else self.per_class_of_ranges, strict=True))


def average_precision(
    videos: Sequence[ScoredVideo],
    thresholds: Sequence[float],
    protocol: Protocol,
    max_per_class: int | None = None,
    ranges: Sequence[str] = (),
) -> AveragePrecision:
    """Average precision of every class: every tube is a detection of every class, but for those scored ``-inf``.

    The overlaps of the videos are those of ``protocol.overlap``. ``max_per_class`` counts only so many best tubes of
    each video for each class. ``ranges`` are names in :data:`RANGES`.

    Raises:
        InputError: if no video has ground truth, a video occurs twice, the videos differ in their number of classes, or
            a threshold (``0 < θ <= 1``) or the limit is out of range.
    """
    thresholds = check_thresholds(thresholds)
    check_limit(max_per_class, "max_per_class")
    num_classes = check_scored(videos)
    every = tuple(dict.fromkeys([*thresholds, *(value for name in ranges for value in RANGES[name])]))
    places: dict[int, list[np.ndarray]] = {}
    num_ground_truth = np.zeros(num_classes, dtype=np.int64)
    for ranking in class_rankings(videos, max_per_class):
        num_ground_truth[ranking.label] = ranking.num_ground_truth
        places[ranking.label] = [np.flatnonzero(row >= 0) + 1 for row in ranking.match(every, protocol)]
    return summed(thresholds, ranges, every, places, num_ground_truth, protocol)


def summed(
    thresholds: tuple[float, ...],
    ranges: Sequence[str],
    every: Sequence[float],
    places: Mapping[int, Sequence[np.ndarray]],
    num_ground_truth: np.ndarray,
    protocol: Protocol,
) -> AveragePrecision:
    """Average precision from the places of the true detections of each class, at ``every`` threshold that it needs."""
    row_of = {threshold: row for row, threshold in enumerate(every)}
    values, recall = np.full((2, len(every), len(num_ground_truth)), np.nan)
    for label, of_class in places.items():
        for row, true in enumerate(of_class):
            values[row, label] = ranked_precision(true, num_ground_truth[label], protocol)
            recall[row, label] = len(true) / num_ground_truth[label]
    chosen = [row_of[threshold] for threshold in thresholds]
    of_ranges = [values[[row_of[threshold] for threshold in RANGES[name]]].mean(axis=0) for name in ranges]
    return AveragePrecision(
        thresholds,
        per_class=values[chosen],
        recall=recall[chosen],
        num_ground_truth=num_ground_truth,
        ranges=tuple(ranges),
        per_class_of_ranges=np.reshape(of_ranges, (len(ranges), len(num_ground_truth))),
    )


def evaluate_predictions(
    predictions: Iterable[tuple[str, Sequence[Tube], np.ndarray]],
    ground_truth: Mapping[str, Sequence[Tube]],
    classes: Sequence[str],
    thresholds: Sequence[float] = (0.2, 0.5, 0.75),
    protocol: str = "act",
    max_per_class: int | None = None,
    nms: float | None = None,
    excluded_classes: Sequence[str] = (),
) -> tuple[dict[str, float], list[dict[str, str | int | float]]]:
    """:meth:`AveragePrecision.as_dict` and :meth:`AveragePrecision.per_class_table` of streamed predictions.

    Args:
        predictions: of each video its name, its ``P`` tubes, and their scores ``(P, K)``, ``-inf`` where a tube is no
            detection of a class. The true tubes of a video that does not occur here are missed.
        ground_truth: the true tubes of every evaluated video, including those without an action.
        classes: names of the ``K`` classes that the true tubes' labels index.
        thresholds: of overlap; means over the protocol's ranges of thresholds are added.
        protocol: a name in :data:`actorsup.evaluation.functional.PROTOCOLS`.
        max_per_class: as in :func:`average_precision`.
        nms: first suppress, for each class, tubes that overlap a better one by more than this, measured by the
            protocol; ``act`` and 0.3 are what MOC prints. None: suppress nothing.
        excluded_classes: names of classes that are left out, such as
            :data:`actorsup.evaluation.functional.MULTISPORTS_EXCLUDED_CLASSES`.

    Raises:
        InputError: as :func:`average_precision`, and if a video is not in the ground truth, its scores are NaN or not
            ``(P, K)``, or an excluded class is none of the classes.
    """
    rules = average_precision_protocol(protocol)
    check_nms(nms)
    excluded = check_excluded(excluded_classes, classes)
    videos = []
    for video, tubes, scores in predictions:
        check_known(video, ground_truth)
        if np.shape(scores)[1:] != (len(classes),):
            raise InputError(
                f"{video}: the {len(tubes)} tubes and {len(classes)} classes need scores of shape "
                f"({len(tubes)}, {len(classes)}), got {np.shape(scores)}"
            )
        overlaps = VideoOverlaps.from_tubes(video, tubes, ground_truth[video], rules.overlap)
        kept = np.array(scores) if nms is None else suppress(tubes, scores, nms, rules.overlap)
        videos.append(ScoredVideo(overlaps, kept).without(excluded))
    for video in ground_truth.keys() - {scored.overlaps.video for scored in videos}:
        overlaps = VideoOverlaps.from_tubes(video, (), ground_truth[video], rules.overlap)
        videos.append(ScoredVideo(overlaps, np.zeros((0, len(classes)))).without(excluded))
    result = average_precision(videos, thresholds, rules, max_per_class, rules.ranges)
    return result.as_dict(classes), result.per_class_table(classes)


def localization_accuracy(
    videos: Sequence[ScoredVideo], labels: Sequence[Sequence[int]], thresholds: Sequence[float], protocol: Protocol
) -> dict[str, float]:
    """``localization@θ``: in how many videos the best tube for their true class overlaps a true tube of it, a fraction.

    A video of several classes counts once for each. Of equal scores the first tube counts. A video without a tube for
    its class is wrong; one without a true tube of its class is left out. Errors as :func:`average_precision`, and if a
    label is no class or all videos are left out.
    """
    thresholds = check_thresholds(thresholds)
    num_classes = check_scored(videos)
    overlaps = []
    pairs = [(video, label) for video, of_video in zip(videos, labels, strict=True) for label in of_video]
    for video, label in pairs:
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

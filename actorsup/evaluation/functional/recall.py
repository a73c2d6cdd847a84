"""How well proposals cover the true tubes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import OverlapRule, Tube

from .video_overlaps import VideoOverlaps, at_thresholds, check_limit, check_thresholds, check_videos, class_table

RECALL_PROTOCOLS: dict[str, OverlapRule] = {
    # van Gemert et al., APT: Action localization proposals from dense trajectories, BMVC 2015.
    "apt": OverlapRule(),
    # No publication's: `apt` but for the temporal IoU. Are the boxes right where both tubes are?
    "spatial": OverlapRule(spatial_only=True),
}
OVERLAPS = tuple(np.arange(1, 21) / 20)  # thresholds of the curve


def recall_protocol(name: str) -> OverlapRule:
    """The rule of that name; an unknown one is an :class:`InputError` that lists the known ones."""
    if name not in RECALL_PROTOCOLS:
        raise InputError(f"unknown recall protocol {name!r}: choose one of {', '.join(sorted(RECALL_PROTOCOLS))}")
    return RECALL_PROTOCOLS[name]


@dataclass(frozen=True, eq=False)
class TubeRecall:
    """The recall of proposals over a dataset, as fractions.

    The literature settles neither whether a true tube is found at an overlap of ``>=`` or ``>`` the threshold, nor
    whether recall is pooled over all true tubes or a mean over classes; all four are here.

    Args:
        thresholds: ``H`` overlap thresholds.
        num_ground_truth: ``(K,)``, true tubes of each class.
        num_found: ``(H, K)``, those of them with BO >= threshold.
        num_found_strict: ``(H, K)``, those with BO > threshold.
        average_best_overlap: ``(K,)``, ABO, the mean BO of a class's true tubes; NaN where it has none.
        num_proposals: mean number of proposals a video, videos without ground truth included.
    """

    thresholds: tuple[float, ...]
    num_ground_truth: np.ndarray
    num_found: np.ndarray
    num_found_strict: np.ndarray
    average_best_overlap: np.ndarray
    num_proposals: float

    @property
    def mean_average_best_overlap(self) -> float:
        """MABO, the mean of the classes' ABO."""
        return float(np.nanmean(self.average_best_overlap))

    def as_dict(self) -> dict[str, float]:
        """The numbers as fractions in 0..1 by name.

        ``recall@θ`` is pooled with BO >= θ, ``recall@θ_per_class`` the mean over classes; ``_strict`` means BO > θ.
        """
        present = self.num_ground_truth > 0
        numbers = {}
        for suffix, num_found in (("", self.num_found), ("_strict", self.num_found_strict)):
            pooled = num_found.sum(axis=1) / self.num_ground_truth.sum()
            mean = (num_found[:, present] / self.num_ground_truth[present]).mean(axis=1)
            for row, threshold in enumerate(self.thresholds):
                numbers[f"recall@{threshold:g}{suffix}"] = float(pooled[row])
                numbers[f"recall@{threshold:g}_per_class{suffix}"] = float(mean[row])
        numbers["mabo"] = self.mean_average_best_overlap
        numbers["num_proposals"] = self.num_proposals
        return numbers

    def per_class_table(self, classes: Sequence[str]) -> list[dict[str, str | int | float]]:
        """A row for each class with ground truth: ``class``, ``num_ground_truth``, ``abo``, ``recall@θ`` (>=)."""
        found = self.num_found / np.maximum(self.num_ground_truth, 1)
        columns = {"abo": self.average_best_overlap, **at_thresholds("recall", self.thresholds, found)}
        return class_table(classes, self.num_ground_truth, columns)


def tube_recall(
    videos: Sequence[VideoOverlaps], num_classes: int, thresholds: Sequence[float], first: int | None = None
) -> TubeRecall:
    """Recall, ABO and MABO of a dataset.

    Args:
        videos: all videos; the true tubes of one without proposals have BO 0.
        num_classes: ``K``.
        thresholds: overlap thresholds.
        first: use the first so many proposals of each video only; None is all.

    Raises:
        InputError: if no video has ground truth, a video occurs twice, a label is outside the classes, a threshold is
            not in ``0 < θ <= 1``, or ``first`` is below 1.
    """
    thresholds = check_thresholds(thresholds)
    check_limit(first, "first")
    for overlaps in videos:
        overlaps.check_labels(num_classes)
    check_videos(videos)

    # Sorted by name, so that rounding does not depend on the order of the videos.
    videos = sorted(videos, key=lambda overlaps: overlaps.video)
    best = np.concatenate([overlaps.iou[:first].max(axis=0, initial=0.0) for overlaps in videos])
    labels = np.concatenate([overlaps.labels for overlaps in videos])
    num_ground_truth = np.bincount(labels, minlength=num_classes)

    def per_class(values: np.ndarray) -> np.ndarray:
        return np.bincount(labels, weights=values, minlength=num_classes)

    return TubeRecall(
        thresholds=thresholds,
        num_ground_truth=num_ground_truth,
        num_found=np.stack([per_class(best >= threshold) for threshold in thresholds]),
        num_found_strict=np.stack([per_class(best > threshold) for threshold in thresholds]),
        average_best_overlap=np.divide(
            per_class(best), num_ground_truth, out=np.full(num_classes, np.nan), where=num_ground_truth > 0
        ),
        num_proposals=float(np.mean([len(overlaps.iou[:first]) for overlaps in videos])),
    )


def evaluate_proposals(
    videos: Iterable[tuple[str, Sequence[Tube], Sequence[Tube]]],
    classes: Sequence[str],
    thresholds: Sequence[float] = (0.1, 0.2, 0.3, 0.5, 0.7),
    protocol: str = "apt",
    first: int | None = None,
) -> tuple[dict[str, float], list[dict[str, str | int | float]]]:
    """Measure proposals against ground truth; the videos may stream in, their tubes are not kept.

    Args:
        videos: of each video its name, its proposals in rank order, and its true tubes.
        classes: names of the ``K`` action classes that the true tubes' labels index.
        thresholds: overlap thresholds.
        protocol: a name in :data:`RECALL_PROTOCOLS`.
        first: use the first so many proposals of each video only; None is all.

    Returns:
        :meth:`TubeRecall.as_dict` and :meth:`TubeRecall.per_class_table`.

    Raises:
        InputError: as :func:`tube_recall`.
    """
    rule = recall_protocol(protocol)
    overlaps = [VideoOverlaps.from_tubes(video, tubes, ground_truth, rule) for video, tubes, ground_truth in videos]
    recall = tube_recall(overlaps, len(classes), thresholds, first)
    return recall.as_dict(), recall.per_class_table(classes)


@dataclass(frozen=True, eq=False)
class RecallCurves:
    """Pooled recall of the proposals of a dataset, true tubes found at an overlap of at least a threshold.

    Args:
        num_proposals: ``(N,)``, the mean number of proposals a video really has among its first 1 … N.
        thresholds: ``H`` overlaps for which recall is given against that number.
        recall_by_number: ``(H, N)``, recall of the first 1 … N proposals of each video, in rank order.
        overlaps: ``M`` overlap thresholds.
        recall_by_overlap: ``(M,)``, recall of all proposals.
    """

    num_proposals: np.ndarray
    thresholds: tuple[float, ...]
    recall_by_number: np.ndarray
    overlaps: tuple[float, ...]
    recall_by_overlap: np.ndarray


def recall_curves(
    videos: Sequence[VideoOverlaps],
    thresholds: Sequence[float] = (0.2, 0.5),
    overlaps: Sequence[float] = OVERLAPS,
) -> RecallCurves:
    """Measure the curves of a dataset.

    Args:
        videos: all videos; the true tubes of one without proposals are never found.
        thresholds: overlaps at which recall is measured against the number of proposals.
        overlaps: thresholds against which the recall of all proposals is measured.

    Raises:
        InputError: if no video has ground truth, a video occurs twice, or a threshold is not in ``0 < θ <= 1``.
    """
    thresholds, overlaps = check_thresholds(thresholds), check_thresholds(overlaps)
    check_videos(videos)
    counts = np.array([len(video.iou) for video in videos])
    largest = max(int(counts.max()), 1)
    padded = [np.pad(video.iou, ((0, largest - len(video.iou)), (0, 0))) for video in videos]
    by_number = np.maximum.accumulate(np.concatenate(padded, axis=1))  # (N, G): best overlap among the first so many
    return RecallCurves(
        num_proposals=np.minimum(counts, np.arange(1, largest + 1)[:, None]).mean(axis=1),
        thresholds=thresholds,
        recall_by_number=np.stack([(by_number >= threshold).mean(axis=1) for threshold in thresholds]),
        overlaps=overlaps,
        recall_by_overlap=np.array([(by_number[-1] >= overlap).mean() for overlap in overlaps]),
    )

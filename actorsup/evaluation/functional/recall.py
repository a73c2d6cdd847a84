"""How well proposals cover the true tubes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.structures import OverlapRule, Tube

from .video_overlaps import VideoOverlaps, at_thresholds, check_thresholds, check_videos, class_table, look_up

RECALL_PROTOCOLS: dict[str, OverlapRule] = {
    # van Gemert et al., APT: Action localization proposals from dense trajectories, BMVC 2015.
    "apt": OverlapRule(),
    # No publication's: `apt` but for the temporal IoU. Are the boxes right where both tubes are?
    "spatial": OverlapRule(spatial_only=True),
}
OVERLAPS = tuple(np.arange(1, 21) / 20)  # thresholds of the curve


def recall_protocol(name: str) -> OverlapRule:
    """The rule of that name; an unknown one is an :class:`InputError` that lists the known ones."""
    return look_up(RECALL_PROTOCOLS, name, "recall protocol")


@dataclass(frozen=True, eq=False)
class TubeRecall:
    """The recall of proposals over a dataset, as fractions."""

    thresholds: tuple[float, ...]  #: of overlap
    labels: np.ndarray  #: ``(G,)``, the class of each true tube
    best_overlaps: np.ndarray  #: ``(G,)``, BO, its best overlap with the proposals of its video, 0 without any
    num_classes: int  #: ``K``
    num_proposals: float  #: mean number of proposals a video, including videos without ground truth

    def as_dict(self) -> dict[str, float]:
        """All four definitions of recall in the literature, and ``mabo``, the mean of the classes' average BO.

        ``recall@θ`` is pooled over all true tubes with BO >= θ, ``recall@θ_per_class`` the mean over classes;
        ``_strict`` means BO > θ.
        """
        numbers = {}
        for suffix, exceeds in (("", np.greater_equal), ("_strict", np.greater)):
            for threshold in self.thresholds:
                found = exceeds(self.best_overlaps, threshold)
                numbers[f"recall@{threshold:g}{suffix}"] = float(found.mean())
                numbers[f"recall@{threshold:g}_per_class{suffix}"] = float(np.nanmean(self._of_classes(found)))
        mabo = float(np.nanmean(self._of_classes(self.best_overlaps)))
        return {**numbers, "mabo": mabo, "num_proposals": self.num_proposals}

    def per_class_table(self, classes: Sequence[str]) -> list[dict[str, str | int | float]]:
        """A row for each class with ground truth: ``class``, ``num_ground_truth``, ``abo``, ``recall@θ`` (>=)."""
        recalls = [self._of_classes(self.best_overlaps >= threshold) for threshold in self.thresholds]
        columns = {"abo": self._of_classes(self.best_overlaps), **at_thresholds("recall", self.thresholds, recalls)}
        return class_table(classes, np.bincount(self.labels, minlength=self.num_classes), columns)

    def _of_classes(self, values: np.ndarray) -> np.ndarray:
        """Means ``(K,)`` of values ``(G,)``, NaN where a class has no true tube."""
        sums, counts = (np.bincount(self.labels, each, self.num_classes) for each in (values, None))
        return np.divide(sums, counts, out=np.full(self.num_classes, np.nan), where=counts > 0)


def tube_recall(videos: Sequence[VideoOverlaps], num_classes: int, thresholds: Sequence[float]) -> TubeRecall:
    """Recall, ABO and MABO of all videos of a dataset.

    Raises:
        InputError: if no video has ground truth, a video occurs twice, a label is outside the classes, or a threshold
            is not in ``0 < θ <= 1``.
    """
    thresholds = check_thresholds(thresholds)
    for overlaps in videos:
        overlaps.check_labels(num_classes)
    check_videos(videos)
    videos = sorted(videos, key=lambda overlaps: overlaps.video)  # rounding does not depend on the order given
    return TubeRecall(
        thresholds,
        labels=np.concatenate([overlaps.labels for overlaps in videos]),
        best_overlaps=np.concatenate([overlaps.iou.max(axis=0, initial=0.0) for overlaps in videos]),
        num_classes=num_classes,
        num_proposals=float(np.mean([len(overlaps.iou) for overlaps in videos])),
    )


def evaluate_proposals(
    videos: Iterable[tuple[str, Sequence[Tube], Sequence[Tube]]],
    classes: Sequence[str],
    thresholds: Sequence[float] = (0.1, 0.2, 0.3, 0.5, 0.7),
    protocol: str = "apt",
) -> tuple[dict[str, float], list[dict[str, str | int | float]]]:
    """:meth:`TubeRecall.as_dict` and :meth:`TubeRecall.per_class_table` of proposals.

    The videos may stream in: of each its name, its proposals in rank order, and its true tubes, whose labels index the
    ``classes``. The protocol is a name in :data:`RECALL_PROTOCOLS`. Errors are those of :func:`tube_recall`.
    """
    rule = recall_protocol(protocol)
    overlaps = [VideoOverlaps.from_tubes(video, tubes, ground_truth, rule) for video, tubes, ground_truth in videos]
    recall = tube_recall(overlaps, len(classes), thresholds)
    return recall.as_dict(), recall.per_class_table(classes)


@dataclass(frozen=True, eq=False)
class RecallCurves:
    """Pooled recall of the proposals of a dataset, true tubes found at an overlap of at least a threshold."""

    num_proposals: np.ndarray  #: ``(N,)``, the mean number of proposals a video really has among its first 1 … N
    thresholds: tuple[float, ...]  #: ``H`` overlaps for which recall is given against that number
    recall_by_number: np.ndarray  #: ``(H, N)``, recall of the first 1 … N proposals of each video, in rank order
    overlaps: tuple[float, ...]  #: ``M`` overlap thresholds
    recall_by_overlap: np.ndarray  #: ``(M,)``, recall of all proposals


def recall_curves(
    videos: Sequence[VideoOverlaps], thresholds: Sequence[float] = (0.2, 0.5), overlaps: Sequence[float] = OVERLAPS
) -> RecallCurves:
    """Measure the curves of all videos, with the errors of :func:`tube_recall`."""
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

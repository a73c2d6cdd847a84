"""Recall of proposals as curves: against their number (paper, Fig. 4) and against the overlap that is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .checks import check_ground_truth, check_thresholds, check_unique
from .recall import best_overlaps
from .video_overlaps import VideoOverlaps

OVERLAPS = tuple(np.arange(1, 21) / 20)


@dataclass(frozen=True, eq=False)
class RecallCurves:
    """Pooled recall of the proposals of a data set, true tubes found at an overlap of at least a threshold.

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
    """Measure the curves of a data set.

    Args:
        videos: all videos; the true tubes of one without proposals are never found.
        thresholds: overlaps at which recall is measured against the number of proposals.
        overlaps: thresholds against which the recall of all proposals is measured.

    Raises:
        InputError: if no video has ground truth, a video occurs twice, or a threshold is not in ``0 < θ <= 1``.
    """
    thresholds, overlaps = check_thresholds(thresholds), check_thresholds(overlaps)
    check_unique(video.video for video in videos)
    check_ground_truth(sum(len(video.labels) for video in videos), len(videos))
    counts = np.array([len(video.iou) for video in videos])
    largest = max(int(counts.max()), 1)
    best = []
    for video in videos:
        running = np.zeros((largest, len(video.labels)))
        running[: len(video.iou)] = np.maximum.accumulate(video.iou, axis=0)
        running[len(video.iou) :] = best_overlaps(video.iou)
        best.append(running)
    by_number = np.concatenate(best, axis=1)  # (N, G): best overlap among the first so many
    return RecallCurves(
        num_proposals=np.minimum(counts, np.arange(1, largest + 1)[:, None]).mean(axis=1),
        thresholds=thresholds,
        recall_by_number=np.stack([(by_number >= threshold).mean(axis=1) for threshold in thresholds]),
        overlaps=overlaps,
        recall_by_overlap=np.array([(by_number[-1] >= overlap).mean() for overlap in overlaps]),
    )

"""The detections of a class over all videos, best first, and which true tubes they find."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .protocols import Protocol
from .video_overlaps import ScoredVideo


@dataclass(frozen=True, eq=False)
class ClassRanking:
    """The ``D`` detections of one class, by descending score.

    Equal scores are ordered by the name of the video, then by the rank of the tube, so that the order in which the
    videos came does not matter.

    Args:
        label: the class.
        videos: those that were ranked, sorted by name.
        video: ``(D,)``, the index of each detection's video.
        tube: ``(D,)``, its tube in that video.
        score: ``(D,)``.
        truths: by the index of the video, its true tubes of the class.
    """

    label: int
    videos: Sequence[ScoredVideo]
    video: np.ndarray
    tube: np.ndarray
    score: np.ndarray
    truths: Mapping[int, np.ndarray]

    @property
    def num_ground_truth(self) -> int:
        """True tubes of the class in all videos."""
        return sum(len(true) for true in self.truths.values())

    def match(self, thresholds: Sequence[float], protocol: Protocol) -> np.ndarray:
        """``(H, D)``: the true tube of its video that each detection finds at each threshold, -1 for none.

        A detection can only match in its own video, so the greedy pass over all is one pass within each.
        """
        matches = np.full((len(thresholds), len(self.video)), -1)
        for index, true in self.truths.items():
            places = np.flatnonzero(self.video == index)
            iou = self.videos[index].overlaps.iou[np.ix_(self.tube[places], true)]
            for row, threshold in enumerate(thresholds):
                found = match_tubes(iou, threshold, protocol)
                matches[row, places] = np.where(found >= 0, true[found], -1)
        return matches


def class_rankings(videos: Sequence[ScoredVideo], max_per_class: int | None = None) -> Iterator[ClassRanking]:
    """The ranking of every class that has ground truth.

    Every tube is a detection of every class for which its score is not ``-inf``.

    Args:
        videos: all videos, with scores for the same classes.
        max_per_class: only so many best tubes of each video for each class; None is all.
    """
    videos = sorted(videos, key=lambda video: video.overlaps.video)
    scores = np.concatenate([video.scores for video in videos])  # (S, K)
    video_of = np.repeat(np.arange(len(videos)), [len(video.scores) for video in videos])
    tube_of = np.concatenate([np.arange(len(video.scores)) for video in videos])
    truths: dict[int, dict[int, np.ndarray]] = {}  # by class and video
    for index, video in enumerate(videos):
        for label in np.unique(video.overlaps.labels).tolist():
            truths.setdefault(label, {})[index] = np.flatnonzero(video.overlaps.labels == label)
    for label in sorted(truths):
        order = np.argsort(-scores[:, label], kind="stable")
        order = order[scores[order, label] > -np.inf]
        if max_per_class is not None:
            order = order[_ranks_in_groups(video_of[order]) < max_per_class]
        yield ClassRanking(label, videos, video_of[order], tube_of[order], scores[order, label], truths[label])


def _ranks_in_groups(groups: np.ndarray) -> np.ndarray:
    """``(D,)``: how many elements before each one belong to the same group."""
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    ranks = np.empty(len(groups), dtype=np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return ranks


def match_tubes(iou: np.ndarray, threshold: float, protocol: Protocol) -> np.ndarray:
    """Greedy matching of the detections of one class in one video.

    Args:
        iou: ``(D, G)``, detections by descending score, true tubes of the class.
        threshold: least overlap of a match.
        protocol: which true tube a detection is compared with, and whether the threshold itself suffices.

    Returns:
        ``(D,)``, the true tube that each detection finds, -1 for none.
    """
    matches = np.full(len(iou), -1)
    enough = exceeds(iou, threshold, protocol)
    free = np.ones(iou.shape[1], dtype=bool)
    for index in np.flatnonzero(enough.any(axis=1)):
        row = iou[index]
        candidates = np.where(free, row, -1.0) if protocol.matching == "best_unmatched" else row
        best = candidates.argmax()
        if free[best] and enough[index, best]:
            matches[index] = best
            free[best] = False
            if not free.any():
                break
    return matches


def exceeds(iou: np.ndarray, threshold: float, protocol: Protocol) -> np.ndarray:
    """Which overlaps suffice for a match, as bool."""
    return iou > threshold if protocol.strict else iou >= threshold

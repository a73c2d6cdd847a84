"""Named protocols of the literature, and how they rank and match detections."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.structures import OverlapRule

from .video_overlaps import ScoredVideo, look_up

MATCHINGS = ("best_unmatched", "best_of_all")


@dataclass(frozen=True)
class Protocol:
    """One definition of average precision: how tubes overlap, which match, and what is summed.

    Under every protocol tubes are matched greedily by descending score, each true tube once.
    """

    overlap: OverlapRule
    strict: bool = False  #: a match needs an overlap ``>`` the threshold; otherwise ``>=`` suffices
    #: The true tube of its class and video that a detection is compared with: ``best_unmatched``, the one it overlaps
    #: best of those not matched yet; ``best_of_all``, the one it overlaps best, and false if that is taken already.
    matching: str = "best_unmatched"
    #: Precision is made monotonous and summed as steps (PASCAL VOC, all points); otherwise the trapezoid under the raw
    #: curve, which starts at precision 1 and recall 0.
    envelope: bool = False

    def __post_init__(self) -> None:
        if self.matching not in MATCHINGS:
            raise ValueError(f"matching must be one of {', '.join(MATCHINGS)}, got {self.matching!r}")

    def suffices(self, iou: np.ndarray, threshold: float) -> np.ndarray:
        """Which overlaps are a match, bool."""
        return iou > threshold if self.strict else iou >= threshold


PROTOCOLS: dict[str, Protocol] = {
    # Kalogeiton et al., Action tubelet detector, ICCV 2017; the evaluation that MOC (Li et al., ECCV 2020) shares.
    "act": Protocol(OverlapRule(detection_offset=1, ground_truth_offset=1)),
    # Singh et al., Online real-time multiple spatiotemporal action localisation and prediction, ICCV 2017: its Matlab
    # evaluation, after PASCAL VOC's. Pixels are added to detections alone: a tube does not overlap itself wholly.
    "voc": Protocol(OverlapRule(detection_offset=1, single_frame_counts=False), strict=True, envelope=True),
    # Li et al., MultiSports, ICCV 2021; mmaction2 has the same, but for a defect that gives every detection of a tube
    # the score of the last one.
    "multisports": Protocol(OverlapRule(single_frame_counts=False), matching="best_of_all", envelope=True),
    # Köpüklü et al., You only watch once, 2019: its video-mAP.
    "yowo": Protocol(OverlapRule(detection_offset=1, ground_truth_offset=1, single_frame_counts=False), envelope=True),
    # No publication's: `act` but for the temporal IoU. Are the boxes right where both tubes are?
    "spatial": Protocol(OverlapRule(detection_offset=1, ground_truth_offset=1, spatial_only=True)),
}


def average_precision_protocol(name: str) -> Protocol:
    """The protocol of that name; an unknown one is an :class:`InputError` that lists the known ones."""
    return look_up(PROTOCOLS, name, "protocol of average precision")


@dataclass(frozen=True, eq=False)
class ClassRanking:
    """The ``D`` detections of one class, by descending score, then by name of the video and rank of the tube."""

    label: int
    videos: Sequence[ScoredVideo]  # sorted by name
    video: np.ndarray  # (D,), the index of each detection's video
    tube: np.ndarray  # (D,), its tube in that video
    score: np.ndarray  # (D,)
    truths: Mapping[int, np.ndarray]  # by the index of the video, its true tubes of the class

    @property
    def num_ground_truth(self) -> int:
        """In all videos."""
        return sum(len(true) for true in self.truths.values())

    def match(self, thresholds: Sequence[float], protocol: Protocol) -> np.ndarray:
        """``(H, D)``: the true tube of its video that each detection finds at each threshold, -1 for none."""
        matches = np.full((len(thresholds), len(self.video)), -1)
        for index, true in self.truths.items():
            places = np.flatnonzero(self.video == index)
            iou = self.videos[index].overlaps.iou[np.ix_(self.tube[places], true)]
            for row, threshold in enumerate(thresholds):
                found = _match(iou, threshold, protocol)
                matches[row, places] = np.where(found >= 0, true[found], -1)
        return matches


def class_rankings(videos: Sequence[ScoredVideo], max_per_class: int | None = None) -> Iterator[ClassRanking]:
    """The ranking of every class that has ground truth; with a limit, of the best tubes of each video."""
    videos = sorted(videos, key=lambda video: video.overlaps.video)
    scores = np.concatenate([_only_best(video.scores, max_per_class) for video in videos])  # (S, K)
    video_of = np.repeat(np.arange(len(videos)), [len(video.scores) for video in videos])
    tube_of = np.concatenate([np.arange(len(video.scores)) for video in videos])
    truths: dict[int, dict[int, np.ndarray]] = {}  # by class and video
    for index, video in enumerate(videos):
        for label in np.unique(video.overlaps.labels).tolist():
            truths.setdefault(label, {})[index] = np.flatnonzero(video.overlaps.labels == label)
    for label in sorted(truths):
        order = np.argsort(-scores[:, label], kind="stable")
        order = order[scores[order, label] > -np.inf]
        yield ClassRanking(label, videos, video_of[order], tube_of[order], scores[order, label], truths[label])


def _only_best(scores: np.ndarray, limit: int | None) -> np.ndarray:
    """The scores ``(P, K)``, ``-inf`` but for so many best of each class."""
    if limit is None:
        return scores
    ranks = np.argsort(-scores, axis=0, kind="stable").argsort(axis=0)
    return np.where(ranks < limit, scores, -np.inf)


def _match(iou: np.ndarray, threshold: float, protocol: Protocol) -> np.ndarray:
    """Greedy matching in one video by IoU ``(D, G)``, best detections first: the true tube of each, -1 for none."""
    matches = np.full(len(iou), -1)
    enough = protocol.suffices(iou, threshold)
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

"""Named protocols of the literature, how they rank and match detections, and what they sum."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.structures import OverlapRule

from .video_overlaps import ScoredVideo, look_up

MATCHINGS = ("best_unmatched", "best_of_all")
# Ranges of thresholds over which means are printed, computed as MOC and MultiSports compute them.
RANGES: dict[str, tuple[float, ...]] = {
    "0.05:0.45": tuple(0.05 + 0.05 * step for step in range(9)),
    "0.1:0.9": tuple(0.1 + 0.1 * step for step in range(9)),
    "0.5:0.95": tuple(0.5 + 0.05 * step for step in range(10)),
}
# Classes that MultiSports and mmaction2 leave out.
MULTISPORTS_EXCLUDED_CLASSES = (
    "aerobic kick jump",
    "aerobic off axis jump",
    "aerobic butterfly jump",
    "aerobic balance turn",
    "basketball save",
    "basketball jump ball",
)


@dataclass(frozen=True)
class Protocol:
    """One definition of average precision: how tubes or boxes overlap, which match, and what is summed.

    Under every protocol they are matched greedily by descending score, each true one once.
    """

    overlap: OverlapRule
    strict: bool = False  #: a match needs an overlap ``>`` the threshold; otherwise ``>=`` suffices
    #: The true tube of its class and video that a detection is compared with: ``best_unmatched``, the one it overlaps
    #: best of those not matched yet; ``best_of_all``, the one it overlaps best, and false if that is taken already.
    matching: str = "best_unmatched"
    #: Precision is made monotonous and summed as steps (PASCAL VOC, all points); otherwise the trapezoid under the raw
    #: curve, which starts at precision 1 and recall 0.
    envelope: bool = False
    added_truth: float = 0.0  #: added to the number of true ones that recall is divided by
    ranges: tuple[str, ...] = ("0.5:0.95",)  #: the :data:`RANGES` whose means its source prints
    #: Of frames: only those count in which there is a true box of any class, unless it is said which ones do.
    empty_frames: bool = True

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
    # Li et al., MultiSports, ICCV 2021, and mmaction2.
    "multisports": Protocol(
        OverlapRule(single_frame_counts=False, counts_steps=True),
        matching="best_of_all",
        envelope=True,
        ranges=("0.05:0.45", "0.1:0.9", "0.5:0.95"),
    ),
    # Köpüklü et al., You only watch once, 2019: its video-mAP.
    "yowo": Protocol(
        OverlapRule(detection_offset=1, ground_truth_offset=1, single_frame_counts=False),
        envelope=True,
        added_truth=1e-5,
    ),
    # No publication's: `act` but for the temporal IoU. Are the boxes right where both tubes are?
    "spatial": Protocol(OverlapRule(detection_offset=1, ground_truth_offset=1, spatial_only=True)),
}
# Of the boxes of frames, which overlap in space alone.
FRAME_PROTOCOLS: dict[str, Protocol] = {
    # Kalogeiton et al., ICCV 2017, and MOC.
    "act": Protocol(OverlapRule(detection_offset=1, ground_truth_offset=1)),
    # Li et al., MultiSports, ICCV 2021, and mmaction2.
    "multisports": Protocol(OverlapRule(), matching="best_of_all", envelope=True),
    # Gu et al., AVA, CVPR 2018, for keyframes.
    "ava": Protocol(OverlapRule(), matching="best_of_all", envelope=True, empty_frames=False),
    # Singh et al., 3D-RetinaNet, 2021.
    "retinanet": Protocol(OverlapRule(), envelope=True),
    # Köpüklü et al., You only watch once, 2019, and YOWOv2, after Padilla's object detection metrics.
    "yowo": Protocol(OverlapRule(detection_offset=1, ground_truth_offset=1), matching="best_of_all", envelope=True),
}


def average_precision_protocol(name: str) -> Protocol:
    """The protocol of that name; an unknown one is an :class:`InputError` that lists the known ones."""
    return look_up(PROTOCOLS, name, "protocol of average precision")


def frame_protocol(name: str) -> Protocol:
    """The protocol of frames of that name; an unknown one is an :class:`InputError` that lists the known ones."""
    return look_up(FRAME_PROTOCOLS, name, "protocol of frames")


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
            found = _match(self.videos[index].overlaps.iou[np.ix_(self.tube[places], true)], thresholds, protocol)
            matches[:, places] = np.where(found >= 0, true[found], -1)
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


def _match(iou: np.ndarray, thresholds: Sequence[float], protocol: Protocol) -> np.ndarray:
    """Greedy matching in one video by IoU ``(D, G)``, best detections first: ``(H, D)``, the true tube or -1."""
    (num_detections, num_true), num_rows = iou.shape, len(thresholds)
    matches = np.full((num_rows, num_detections), -1)
    if not num_detections:
        return matches
    enough = np.stack([protocol.suffices(iou, threshold) for threshold in thresholds])  # (H, D, G)
    if protocol.matching == "best_of_all":
        enough &= np.arange(num_true) == iou.argmax(axis=1)[:, None]
    rows = np.arange(num_rows)
    # In each round, at each threshold, the first detection that overlaps a free true tube takes the best of them.
    # Those before it overlap none, and will not: fewer and fewer are free.
    for _ in range(num_true):
        hits = enough.any(axis=2)
        first = hits.argmax(axis=1)  # (H,)
        rows = rows[hits[rows, first[rows]]]
        if not len(rows):
            break
        chosen = first[rows]
        best = np.where(enough[rows, chosen], iou[chosen], -1.0).argmax(axis=1)
        matches[rows, chosen] = best
        enough[rows, chosen] = False
        enough[rows, :, best] = False
    return matches


def ranked_precision(places: np.ndarray, num_ground_truth: int, protocol: Protocol) -> float:
    """Average precision of one class, whose true detections have these places ``(n,)`` in the ranking, from 1 on."""
    found, total = np.arange(1, len(places) + 1), num_ground_truth + protocol.added_truth
    precision = found / places
    if protocol.envelope:  # the highest precision at this or a higher recall
        return float(np.maximum.accumulate(precision[::-1]).sum() / total)
    # The raw curve starts at precision 1 and recall 0.
    before = np.divide(found - 1, places - 1, out=np.ones(len(places)), where=places > 1)
    return float((precision + before).sum() / 2 / total)

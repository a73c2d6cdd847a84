"""Average precision of the boxes in single frames (frame-mAP)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import Tube
from actorsup.structures.boxes import as_boxes, iou_of_sides, set_frozen, sides_of

from .average_precision import AveragePrecision, summed
from .ranking import Protocol, frame_protocol
from .video_overlaps import (
    check_excluded,
    check_known,
    check_limit,
    check_scores,
    check_thresholds,
    check_true_labels,
    check_unique,
)


@dataclass(frozen=True, eq=False)
class FrameBoxes:
    """The boxes that were detected in the frames of one video, ordered by tube, those of a tube by frame.

    All boxes of a tube have its scores. Boxes that nothing links are tubes of one box.

    Raises:
        InputError: if the arrays do not fit, the boxes are not in that order, or a score is NaN.
    """

    video: str  #: name, unique in the dataset
    frames: np.ndarray  #: ``(n,)`` int64, numbered as in the ground truth
    boxes: np.ndarray  #: ``(n, 4)`` in pixels of the original frame
    tubes: np.ndarray  #: ``(n,)`` int64, the tube of each box, ``0 … P - 1``
    scores: np.ndarray  #: ``(P, K)`` float64, ``-inf`` where the boxes of a tube are no detections of a class

    def __post_init__(self) -> None:
        frames, tubes = (np.array(each, dtype=np.int64) for each in (self.frames, self.tubes))
        boxes = as_boxes(self.boxes, f"{self.video}: boxes")
        scores = check_scores(self.video, self.scores, len(self.scores))
        if frames.shape != (len(boxes),) or tubes.shape != frames.shape:
            raise InputError(
                f"{self.video}: {len(boxes)} boxes need a frame and a tube each, got {frames.shape} and {tubes.shape}"
            )
        if len(tubes) and not 0 <= tubes.min() <= tubes.max() < len(scores):
            raise InputError(
                f"{self.video}: scores of {len(scores)} tubes, but boxes of the tubes {tubes.min()} to {tubes.max()}"
            )
        ordered = (tubes[1:] > tubes[:-1]) | (tubes[1:] == tubes[:-1]) & (frames[1:] > frames[:-1])
        if not ordered.all():
            raise InputError(f"{self.video}: boxes must be ordered by tube, those of a tube by frame, one a frame")
        set_frozen(self, frames=frames, boxes=boxes, tubes=tubes)
        object.__setattr__(self, "scores", scores)

    @classmethod
    def from_tubes(cls, video: str, tubes: Sequence[Tube], scores: np.ndarray) -> "FrameBoxes":
        """The boxes of ``P`` tubes with scores ``(P, K)``."""
        scores = check_scores(video, scores, len(tubes))
        if not tubes:
            return cls(video, (), (), (), scores)
        frames = np.concatenate([np.arange(tube.start, tube.end) for tube in tubes])
        boxes = np.concatenate([tube.boxes for tube in tubes])
        return cls(video, frames, boxes, np.repeat(np.arange(len(tubes)), [len(tube) for tube in tubes]), scores)

    @classmethod
    def unlinked(cls, video: str, frames: np.ndarray, boxes: np.ndarray, scores: np.ndarray) -> "FrameBoxes":
        """Boxes ``(n, 4)`` in the frames ``(n,)`` with scores ``(n, K)`` of their own."""
        return cls(video, frames, boxes, np.arange(len(frames)), check_scores(video, scores, len(frames)))

    def best_of_frames(self, limit: int) -> "FrameBoxes":
        """The best ``limit`` detections of each frame, unlinked; a box is one for each class. AVA counts 50."""
        check_limit(limit, "limit")
        scores = self.scores[self.tubes]  # (n, K)
        frames = np.repeat(self.frames, scores.shape[1])
        order = np.lexsort((-scores.ravel(), frames))
        first = _first_of_each(frames[order])
        place = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
        kept = np.full(scores.shape, -np.inf)
        best = order[place < limit]
        kept.flat[best] = scores.flat[best]
        return FrameBoxes.unlinked(self.video, self.frames, self.boxes, kept)


@dataclass(frozen=True, eq=False)
class FrameMatches:
    """Which boxes of one video are true under some protocols: all that average precision needs."""

    video: str  #: name, unique in the dataset
    scores: np.ndarray  #: ``(P, K)``
    num_true: np.ndarray  #: ``(K,)``, true boxes in frames that count
    num_boxes: Mapping[str, np.ndarray]  #: by protocol ``(P,)``, boxes of each tube in frames that count
    #: By protocol, for each threshold, the true detections ``(3, n)``: class, tube, place among the tube's boxes that
    #: count.
    found: Mapping[str, tuple[np.ndarray, ...]]


def match_frames(
    detected: FrameBoxes,
    ground_truth: Sequence[Tube],
    thresholds: Sequence[float],
    protocols: Mapping[str, Protocol],
    frames: np.ndarray | None = None,
    excluded: Sequence[int] = (),
) -> FrameMatches:
    """Match the boxes of one video, frame by frame, by descending score, under several protocols.

    Args:
        detected: its boxes.
        ground_truth: its true tubes. Of one with an ``annotated`` mask the annotated boxes alone are true.
        thresholds: ``H`` overlaps.
        protocols: of :data:`FRAME_PROTOCOLS`, by name.
        frames: ``(n,)``, those that count. None: all; in a video with a sparsely annotated true tube, and under a
            protocol that leaves out empty frames, those in which some true tube is annotated.
        excluded: numbers of classes that are left out.
    """
    num_classes = detected.scores.shape[1]
    true = _TrueBoxes.of(detected.video, ground_truth, num_classes)
    some = true.frames  # those that count where not all do
    if frames is not None or excluded:
        some = some if frames is None else np.asarray(frames, dtype=np.int64)
        kept = np.isin(true.frames, some) & ~np.isin(true.labels, excluded)
        true = _TrueBoxes(true.frames[kept], true.boxes[kept], true.labels[kept])
    sparse = frames is not None or any(tube.annotated is not None for tube in ground_truth)
    scores = detected.scores
    if excluded:
        scores = scores.copy()
        scores[:, excluded] = -np.inf
    pairs = _Pairs(detected, true, scores)
    places = {}  # by the frames that count
    matched: dict[tuple, tuple[np.ndarray, np.ndarray]] = {}  # protocols that match alike share them
    num_boxes, found = {}, {}
    for name, protocol in protocols.items():
        counted = "some" if sparse else "all"
        if frames is None and not protocol.empty_frames:
            counted = "true"
        if counted not in places:
            places[counted] = _places(detected, {"all": None, "some": some, "true": true.frames}[counted])
        num_boxes[name], place = places[counted]
        by_threshold = []
        for threshold in thresholds:
            rule = protocol.overlap
            key = rule.detection_offset, rule.ground_truth_offset, protocol.matching, protocol.strict, threshold
            if key not in matched:
                matched[key] = pairs.match(threshold, protocol)
            boxes, labels = matched[key]
            by_threshold.append(np.stack([labels, detected.tubes[boxes], place[boxes]]).astype(np.int32))
        found[name] = tuple(by_threshold)
    num_true = np.bincount(true.labels, minlength=num_classes)
    return FrameMatches(detected.video, scores, num_true, num_boxes, found)


def _places(detected: FrameBoxes, frames: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The number ``(P,)`` of each tube's boxes in the frames that count, None for all, and the place of each of these.

    The places ``(n,)`` of the others mean nothing.
    """
    num_tubes = len(detected.scores)
    counts = np.ones(len(detected.frames), dtype=bool) if frames is None else np.isin(detected.frames, frames)
    num_boxes = np.bincount(detected.tubes[counts], minlength=num_tubes)
    before = np.cumsum(num_boxes) - num_boxes
    return num_boxes, np.cumsum(counts) - 1 - before[detected.tubes]


@dataclass(frozen=True, eq=False)
class _TrueBoxes:
    """The true boxes of a video, by frame, those of a frame in the order of their tubes."""

    frames: np.ndarray  # (m,)
    boxes: np.ndarray  # (m, 4)
    labels: np.ndarray  # (m,)

    @classmethod
    def of(cls, video: str, tubes: Sequence[Tube], num_classes: int) -> "_TrueBoxes":
        check_true_labels(video, np.array([tube.label for tube in tubes]), num_classes)
        if not tubes:
            return cls(np.zeros(0, np.int64), np.zeros((0, 4)), np.zeros(0, np.int64))
        frames = [tube.marked_frames for tube in tubes]
        boxes = np.concatenate([tube.boxes_at(each) for tube, each in zip(tubes, frames, strict=True)])
        labels = np.repeat([tube.label for tube in tubes], [len(each) for each in frames])
        order = np.argsort(np.concatenate(frames), kind="stable")
        return cls(np.concatenate(frames)[order], boxes[order], labels[order])


class _Pairs:
    """The detected boxes with the true ones of their frames and classes."""

    def __init__(self, detected: FrameBoxes, true: _TrueBoxes, scores: np.ndarray) -> None:
        first = np.searchsorted(true.frames, detected.frames, "left")
        counts = np.searchsorted(true.frames, detected.frames, "right") - first
        det = np.repeat(np.arange(len(counts)), counts)
        tru = np.arange(len(det)) - np.repeat(np.cumsum(counts) - counts - first, counts)
        self.present, column = np.unique(true.labels, return_inverse=True)
        scores = scores[:, self.present]
        tubes, column = detected.tubes[det], column[tru]
        kept = np.flatnonzero(scores[tubes, column] > -np.inf)
        self.det, self.tru, tubes, column = det[kept], tru[kept], tubes[kept], column[kept]
        self.boxes, self.true_boxes = detected.boxes, true.boxes
        self.column = column
        # Detections of a frame and class, best first; equal scores in the order of the tubes.
        rank = np.argsort(np.argsort(-scores, axis=0, kind="stable"), axis=0)
        self.group = detected.frames[self.det] * len(self.present) + column
        rank = rank[tubes, column]
        self.order = self.group * len(scores) + rank
        self.order_of_true = self.tru * len(scores) + rank
        self.overlaps: dict[tuple[float, float], np.ndarray] = {}

    def match(self, threshold: float, protocol: Protocol) -> tuple[np.ndarray, np.ndarray]:
        """Greedy matching in all frames at once: the true detections and their classes, ``(m,)`` each."""
        iou = self.iou(protocol.overlap.detection_offset, protocol.overlap.ground_truth_offset)
        chosen = np.flatnonzero(protocol.suffices(iou, threshold))
        if (self.det[chosen[1:]] == self.det[chosen[:-1]]).any():  # one overlaps several true boxes
            chosen = chosen[np.lexsort((-iou[chosen], self.order[chosen]))]
            if protocol.matching == "best_unmatched":
                chosen = self._in_rounds(chosen)
            else:
                chosen = chosen[_first_of_each(self.order[chosen])]
        # Each has one true box now, and the best of those that have the same one is true.
        chosen = chosen[np.argsort(self.order_of_true[chosen])]
        chosen = chosen[_first_of_each(self.tru[chosen])]
        return self.det[chosen], self.present[self.column[chosen]]

    def _in_rounds(self, chosen: np.ndarray) -> np.ndarray:
        """Those of the sorted pairs that match.

        In each round the first detection of each frame and class takes its best true box, of those that are free.
        """
        matched = []
        while len(chosen):
            group, det, tru = self.group[chosen], self.det[chosen], self.tru[chosen]
            first = _first_of_each(group)
            matched.append(chosen[first])
            leader = np.repeat(first, np.diff(first, append=len(chosen)))
            chosen = chosen[(det != det[leader]) & (tru != tru[leader])]
        return np.concatenate(matched)

    def iou(self, offset: float, true_offset: float) -> np.ndarray:
        """The overlap of each pair."""
        if (offset, true_offset) not in self.overlaps:
            sides, true_sides = sides_of(self.boxes, offset), sides_of(self.true_boxes, true_offset)
            overlaps = iou_of_sides(sides.take(self.det, axis=1), true_sides.take(self.tru, axis=1))
            self.overlaps[offset, true_offset] = overlaps
        return self.overlaps[offset, true_offset]


def _first_of_each(keys: np.ndarray) -> np.ndarray:
    """Where in sorted keys ``(n,)`` each of them begins."""
    begins = np.ones(len(keys), dtype=bool)
    np.not_equal(keys[1:], keys[:-1], out=begins[1:])
    return np.flatnonzero(begins)


def frame_average_precision(
    videos: Sequence[FrameMatches], thresholds: Sequence[float], protocols: Mapping[str, Protocol]
) -> dict[str, AveragePrecision]:
    """Average precision under each of the protocols of the boxes of all videos, matched at these thresholds.

    Equal scores are ordered by the name of the video, then by tube and frame.

    Raises:
        InputError: if no video has a true box in a frame that counts, a video occurs twice, or the videos differ in
            their number of classes.
    """
    thresholds = check_thresholds(thresholds)
    check_unique(video.video for video in videos)
    if len({len(video.num_true) for video in videos}) > 1:
        raise InputError("all videos need scores for the same number of classes")
    videos = sorted(videos, key=lambda video: video.video)
    num_true = np.sum([video.num_true for video in videos], axis=0)
    if not np.any(num_true):
        raise InputError(
            f"the {len(videos)} evaluated videos have not one true box in a frame that counts: give the evaluation "
            "split box annotation, or leave mean average precision out of the evaluator (training needs no boxes)"
        )
    scores = np.concatenate([video.scores for video in videos])  # (S, K)
    first_tube = np.cumsum([0, *(len(video.scores) for video in videos)])
    num_boxes = {name: np.concatenate([video.num_boxes[name] for video in videos]) for name in protocols}
    found = {name: [_of_all(videos, first_tube, name, row) for row in range(len(thresholds))] for name in protocols}
    places: dict[str, dict[int, list[np.ndarray]]] = {name: {} for name in protocols}
    for label in np.flatnonzero(num_true).tolist():
        order = np.argsort(-scores[:, label], kind="stable")
        for name, of_class in places.items():
            before = np.empty(len(scores), dtype=np.int64)  # boxes of better tubes
            before[order] = np.cumsum(num_boxes[name][order]) - num_boxes[name][order]
            true = (each[1:, each[0] == label] for each in found[name])
            of_class[label] = [np.sort(before[tubes] + within) + 1 for tubes, within in true]
    return {name: summed(thresholds, (), thresholds, places[name], num_true, protocols[name]) for name in protocols}


def _of_all(videos: Sequence[FrameMatches], first_tube: np.ndarray, protocol: str, row: int) -> np.ndarray:
    """The true detections of all videos at a threshold, tubes numbered through: ``(3, n)``."""
    pairs = zip(videos, first_tube, strict=False)
    return np.concatenate([video.found[protocol][row] + [[0], [first], [0]] for video, first in pairs], axis=1)


def evaluate_frame_predictions(
    predictions: Iterable[FrameBoxes],
    ground_truth: Mapping[str, Sequence[Tube]],
    classes: Sequence[str],
    thresholds: Sequence[float] = (0.5,),
    protocol: str = "act",
    frames: Mapping[str, np.ndarray] | None = None,
    excluded_classes: Sequence[str] = (),
) -> tuple[dict[str, float], list[dict[str, str | int | float]]]:
    """Frame-mAP of streamed predictions: ``frame_mAP@θ`` and ``frame_AP@θ/<class>``, and a row for each class.

    Args:
        predictions: the boxes of each video. The true boxes of a video that does not occur are missed.
        ground_truth: the true tubes of every evaluated video; unlinked true boxes are tubes of one frame.
        classes: names of the ``K`` classes that the true tubes' labels index.
        thresholds: of overlap.
        protocol: a name in :data:`FRAME_PROTOCOLS`.
        frames: of every video the frames that count, as AVA's keyframes less those it excludes; None as in
            :func:`match_frames`.
        excluded_classes: names of classes that are left out.

    Raises:
        InputError: as :func:`frame_average_precision`, and if a video is not in the ground truth or in ``frames``, its
            scores are not ``(P, K)``, or an excluded class is none of the classes.
    """
    rules = {protocol: frame_protocol(protocol)}
    thresholds = check_thresholds(thresholds)
    excluded = check_excluded(excluded_classes, classes)
    matches = []

    def add(boxes: FrameBoxes) -> None:
        if frames is not None and boxes.video not in frames:
            raise InputError(f"{boxes.video}: not in 'frames', which must name the frames that count of every video")
        counted = None if frames is None else frames[boxes.video]
        true = ground_truth[boxes.video]
        matches.append(match_frames(boxes, true, thresholds, rules, counted, excluded))

    for boxes in predictions:
        check_known(boxes.video, ground_truth)
        if boxes.scores.shape[1] != len(classes):
            raise InputError(f"{boxes.video}: {len(classes)} classes need as many scores, got {boxes.scores.shape[1]}")
        add(boxes)
    for video in ground_truth.keys() - {each.video for each in matches}:
        add(FrameBoxes.from_tubes(video, (), np.zeros((0, len(classes)))))
    result = frame_average_precision(matches, thresholds, rules)[protocol]
    return result.as_dict(classes, "frame_"), result.per_class_table(classes)

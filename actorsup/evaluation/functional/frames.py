"""Average precision of the boxes in single frames (frame-mAP)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import Tube
from actorsup.structures.boxes import as_boxes, iou_of_sides, set_frozen, sides_of

from .average_precision import AveragePrecision, summed
from .ranking import Protocol, frame_protocol
from .video_overlaps import check_excluded, check_known, check_scores, check_thresholds, check_true_labels, check_unique


@dataclass(frozen=True, eq=False)
class FrameBoxes:
    """The boxes that were detected in the frames of one video, ordered by tube, those of a tube by frame.

    All boxes of a tube have its scores. Boxes that nothing links are tubes of one box.

    Raises:
        InputError: if the arrays do not fit, the boxes are not in that order, or a score is NaN.
    """

    video: str  #: name, unique in the dataset
    frames: np.ndarray  #: ``(n,)`` int64, numbered as in the ground truth
    boxes: np.ndarray  #: ``(n, 4)``
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
        if ((np.diff(tubes) < 0) | (np.diff(tubes) == 0) & (np.diff(frames) <= 0)).any():
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


@dataclass(frozen=True, eq=False)
class FrameMatches:
    """Which boxes of one video are true under a protocol: all that average precision needs."""

    video: str  #: name, unique in the dataset
    scores: np.ndarray  #: ``(P, K)``
    num_boxes: np.ndarray  #: ``(P,)``, boxes of each tube in frames that count
    num_true: np.ndarray  #: ``(K,)``, true boxes in frames that count
    #: For each threshold the true detections, ``(3, n)``: class, tube, place among the tube's boxes that count.
    found: tuple[np.ndarray, ...]


def match_frames(
    detected: FrameBoxes,
    ground_truth: Sequence[Tube],
    thresholds: Sequence[float],
    protocols: Mapping[str, Protocol],
    frames: np.ndarray | None = None,
    excluded: Sequence[int] = (),
) -> dict[str, FrameMatches]:
    """Match the boxes of one video, frame by frame, by descending score, under several protocols.

    Args:
        detected: its boxes.
        ground_truth: its true tubes. Of one with an ``annotated`` mask the annotated boxes alone are true.
        thresholds: ``H`` overlaps.
        protocols: of :data:`FRAME_PROTOCOLS`, by name.
        frames: the frames that count. None: all; in a video with a sparsely annotated true tube, and under a protocol
            that leaves out empty frames, those in which some true tube is annotated.
        excluded: numbers of classes that are left out.
    """
    num_classes = detected.scores.shape[1]
    true = _TrueBoxes.of(detected.video, ground_truth, num_classes)
    sparse = any(tube.annotated is not None for tube in ground_truth)
    scores = detected.scores
    if excluded:
        scores = scores.copy()
        scores[:, excluded] = -np.inf
    det, tru = _pairs(detected.frames, true.frames)
    kept = scores[detected.tubes[det], true.labels[tru]] > -np.inf
    det, tru = det[kept], tru[kept]
    true_kept = ~np.isin(true.labels, excluded)
    order_of_tubes = np.argsort(np.argsort(-scores, axis=0, kind="stable"), axis=0)  # (P, K)
    overlaps: dict[tuple[float, float], np.ndarray] = {}
    matches = {}
    for name, protocol in protocols.items():
        offsets = protocol.overlap.detection_offset, protocol.overlap.ground_truth_offset
        if offsets not in overlaps:
            first, second = sides_of(detected.boxes, offsets[0]), sides_of(true.boxes, offsets[1])
            overlaps[offsets] = iou_of_sides(first.take(det, axis=1), second.take(tru, axis=1))
        counted = frames
        if counted is None and (sparse or not protocol.empty_frames):
            counted = np.unique(true.frames)
        counts, true_counts = (
            np.ones(len(each), bool) if counted is None else np.isin(each, counted)
            for each in (detected.frames, true.frames)
        )
        places = np.cumsum(counts) - 1  # less those of the tubes before
        num_boxes = np.bincount(detected.tubes[counts], minlength=len(scores))
        places -= (np.cumsum(num_boxes) - num_boxes)[detected.tubes]
        found = []
        for threshold in thresholds:
            enough = protocol.suffices(overlaps[offsets], threshold) & counts[det]
            pairs = det[enough], tru[enough], overlaps[offsets][enough]
            matched, labels = _match(*pairs, detected, true, order_of_tubes, protocol)
            found.append(np.stack([labels, detected.tubes[matched], places[matched]]).astype(np.int32))
        num_true = np.bincount(true.labels[true_counts & true_kept], minlength=num_classes)
        matches[name] = FrameMatches(detected.video, scores, num_boxes, num_true, tuple(found))
    return matches


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


def _pairs(frames: np.ndarray, true_frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every detected box with every true one of its frame, as two arrays of indices; the true ones are sorted."""
    first = np.searchsorted(true_frames, frames, "left")
    counts = np.searchsorted(true_frames, frames, "right") - first
    detected = np.repeat(np.arange(len(frames)), counts)
    within = np.arange(len(detected)) - np.repeat(np.cumsum(counts) - counts, counts)
    return detected, np.repeat(first, counts) + within


def _match(
    det: np.ndarray,
    tru: np.ndarray,
    iou: np.ndarray,
    detected: FrameBoxes,
    true: _TrueBoxes,
    order_of_tubes: np.ndarray,
    protocol: Protocol,
) -> tuple[np.ndarray, np.ndarray]:
    """Greedy matching in all frames at once, of pairs that overlap enough: the true detections and their classes."""
    labels = true.labels[tru]
    if protocol.matching == "best_of_all":  # the best true box of each detection, of each class
        order = np.lexsort((tru, -iou, labels, det))
        best = order[_first_of_each(det[order], labels[order])]
        det, tru, iou, labels = det[best], tru[best], iou[best], labels[best]
    rank = order_of_tubes[detected.tubes[det], labels]
    order = np.lexsort((tru, -iou, rank, labels, detected.frames[det]))
    det, tru, labels = det[order], tru[order], labels[order]
    frames = detected.frames[det]
    matched, matched_labels = [], []
    # In each round the first detection of each frame and class takes its best free true box.
    while len(det):
        first = _first_of_each(frames, labels)
        matched.append(det[first])
        matched_labels.append(labels[first])
        group = np.repeat(np.arange(len(first)), np.diff([*first, len(det)]))
        left = (det != det[first][group]) & (tru != tru[first][group])
        det, tru, labels, frames = det[left], tru[left], labels[left], frames[left]
    if not matched:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(matched), np.concatenate(matched_labels)


def _first_of_each(*keys: np.ndarray) -> np.ndarray:
    """Where in sorted keys ``(n,)`` each of their combinations begins."""
    if not len(keys[0]):
        return np.zeros(0, np.int64)
    changes = np.any([np.diff(key) != 0 for key in keys], axis=0)
    return np.concatenate([[0], np.flatnonzero(changes) + 1])


def frame_average_precision(
    videos: Sequence[FrameMatches], thresholds: Sequence[float], protocol: Protocol
) -> AveragePrecision:
    """Average precision of the boxes of all videos, matched at these thresholds under this protocol.

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
    num_boxes = np.concatenate([video.num_boxes for video in videos])
    first_tube = np.cumsum([0, *(len(video.scores) for video in videos)])
    found = []  # of each threshold (3, n), tubes numbered through all videos
    for row in range(len(thresholds)):
        of_videos = [video.found[row] + [[0], [first], [0]] for video, first in zip(videos, first_tube, strict=False)]
        found.append(np.concatenate(of_videos, axis=1))
    places: dict[int, list[np.ndarray]] = {}
    before = np.empty(len(scores), dtype=np.int64)  # boxes of better tubes
    for label in np.flatnonzero(num_true):
        order = np.argsort(-scores[:, label], kind="stable")
        before[order] = np.cumsum(num_boxes[order]) - num_boxes[order]
        of_class = (each[1:, each[0] == label] for each in found)
        places[label] = [np.sort(before[tubes] + within) + 1 for tubes, within in of_class]
    return summed(thresholds, (), thresholds, places, num_true, protocol)


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
    rules = frame_protocol(protocol)
    thresholds = check_thresholds(thresholds)
    excluded = check_excluded(excluded_classes, classes)
    matches = []

    def add(boxes: FrameBoxes) -> None:
        if frames is not None and boxes.video not in frames:
            raise InputError(f"{boxes.video}: not in 'frames', which must name the frames that count of every video")
        counted = None if frames is None else frames[boxes.video]
        true = ground_truth[boxes.video]
        matches.append(match_frames(boxes, true, thresholds, {protocol: rules}, counted, excluded)[protocol])

    for boxes in predictions:
        check_known(boxes.video, ground_truth)
        if boxes.scores.shape[1] != len(classes):
            raise InputError(f"{boxes.video}: {len(classes)} classes need as many scores, got {boxes.scores.shape[1]}")
        add(boxes)
    for video in ground_truth.keys() - {each.video for each in matches}:
        add(FrameBoxes.from_tubes(video, (), np.zeros((0, len(classes)))))
    result = frame_average_precision(matches, thresholds, rules)
    return result.as_dict(classes, "frame_"), result.per_class_table(classes)

"""Algorithm 1 of the paper: track the best detection through the video, drop what the tube explains, repeat."""

from collections.abc import Iterable, Sequence

import numpy as np

from actorsup.registry import LINKERS, TRACKERS
from actorsup.structures import Detections, Tube, box_areas, clip_boxes, elementwise_iou

from .linker import Linker, check_lengths


@LINKERS.register_module()
class SiameseLinker(Linker):
    """Actor linking by similarity (paper, Sec. 3.1 and Algorithm 1). Its tubes span the whole video.

    Args:
        tracker: config of the tracker that follows a detection; the paper's is a ``SiameseTracker``.
        max_tubes: the algorithm's ``N``.
        overlap_threshold: IoU with a tube's box in their frame from which detections are dropped (Sec. 4.2).
    """

    def __init__(self, tracker: dict, max_tubes: int = 20, overlap_threshold: float = 0.7) -> None:
        if max_tubes < 1 or not 0 < overlap_threshold <= 1:
            raise ValueError(
                f"expected max_tubes >= 1 and 0 < overlap_threshold <= 1, got {max_tubes} and {overlap_threshold}"
            )
        self.tracker = TRACKERS.build(tracker)
        self.max_tubes = max_tubes
        self.overlap_threshold = overlap_threshold

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``; the lines are those of Algorithm 1."""
        check_lengths(frames, detections)
        # Line 3: D, the detections of all frames, with the frame of each.
        height, width = frames[0].shape[:2]
        frame_index = np.repeat(np.arange(len(detections)), [len(found) for found in detections])
        boxes = clip_boxes(np.concatenate([found.boxes for found in detections]), (width, height))
        scores = np.concatenate([found.scores for found in detections])
        labels = np.concatenate([found.labels for found in detections])
        remaining = box_areas(boxes) > 0  # what lies outside the frame cannot be tracked

        tubes: list[Tube] = []  # lines 4 and 5
        while remaining.any() and len(tubes) < self.max_tubes:  # line 6
            best = int(np.argmax(np.where(remaining, scores, -np.inf)))  # line 7; the earliest of equals
            tube_boxes, tube_scores = self._track(frames, int(frame_index[best]), boxes[best])  # line 8
            tubes.append(Tube(0, tube_boxes, tube_scores, scores[best], labels[best]))  # lines 9 and 11
            overlaps = elementwise_iou(boxes, tube_boxes[frame_index])
            remaining &= overlaps < self.overlap_threshold  # line 10
            remaining[best] = False  # rounding must not keep what the tube began with
        return tubes

    def _track(self, frames: Sequence[np.ndarray], seed: int, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Boxes ``(T, 4)`` and scores ``(T,)`` of the target that is at ``box`` in the frame ``seed``."""
        boxes = np.empty((len(frames), 4), dtype=np.float32)
        scores = np.ones(len(frames), dtype=np.float32)
        boxes[seed] = box
        for direction in (range(seed + 1, len(frames)), range(seed - 1, -1, -1)):
            self._follow(frames, seed, direction, boxes, scores)
        return boxes, scores

    def _follow(
        self,
        frames: Sequence[np.ndarray],
        seed: int,
        direction: Iterable[int],
        boxes: np.ndarray,
        scores: np.ndarray,
    ) -> None:
        """Fill in the boxes and scores of the frames in one direction from the seed."""
        self.tracker.init(frames[seed], boxes[seed : seed + 1])
        for index in direction:
            found, confidence = self.tracker.update(frames[index])
            boxes[index], scores[index] = found[0], confidence[0]

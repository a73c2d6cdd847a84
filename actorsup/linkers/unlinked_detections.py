"""What linking has to improve on: detections that stay where they are."""

from collections.abc import Sequence

import numpy as np

from actorsup.registry import LINKERS
from actorsup.structures import Detections, Tube, box_areas, pairwise_iou

from .candidates import Candidates
from .linker import Linker, check_lengths


@LINKERS.register_module()
class UnlinkedDetections(Linker):
    """Each of the best detections as a tube that stands still over the whole video.

    It is Algorithm 1 with actors that do not move: the best remaining detection of all frames becomes a tube with its
    score and label, detections of any frame that overlap it are dropped, and so on.

    Args:
        max_tubes: tubes to make at most.
        overlap_threshold: IoU with a chosen detection from which others are dropped.
    """

    def __init__(self, max_tubes: int = 20, overlap_threshold: float = 0.7) -> None:
        if max_tubes < 1 or not 0 < overlap_threshold <= 1:
            raise ValueError(
                f"expected max_tubes >= 1 and 0 < overlap_threshold <= 1, got {max_tubes} and {overlap_threshold}"
            )
        self.max_tubes = max_tubes
        self.overlap_threshold = overlap_threshold

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``."""
        check_lengths(frames, detections)
        height, width = frames[0].shape[:2]
        candidates = Candidates.of(detections, (width, height))
        remaining = box_areas(candidates.boxes) > 0
        tubes: list[Tube] = []
        while remaining.any() and len(tubes) < self.max_tubes:
            best = candidates.best(remaining)
            box = candidates.boxes[best]
            tubes.append(Tube.still(box, len(frames), 0, candidates.scores[best], candidates.labels[best]))
            remaining &= pairwise_iou(candidates.boxes, box[None])[:, 0] < self.overlap_threshold
            remaining[best] = False  # rounding must not keep the tube's own
        return tubes

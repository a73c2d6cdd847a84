"""The detections of a whole video in one list, as Algorithm 1 goes through them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.structures import Detections, clip_boxes


@dataclass(frozen=True)
class Candidates:
    """All detections of a video: ``D`` in Algorithm 1.

    Args:
        frame_index: ``(D,)``, the frame of each, ascending.
        boxes: ``(D, 4)``, cut to the frame.
        scores: ``(D,)``.
        labels: ``(D,)``, actor category.
    """

    frame_index: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, detections: Sequence[Detections], size: tuple[int, int]) -> "Candidates":
        """Those of each frame, of ``size = (width, height)``."""
        return cls(
            np.repeat(np.arange(len(detections)), [len(found) for found in detections]),
            clip_boxes(np.concatenate([found.boxes for found in detections]), size),
            np.concatenate([found.scores for found in detections]),
            np.concatenate([found.labels for found in detections]),
        )

    def best(self, remaining: np.ndarray) -> int:
        """The index of the highest score among the remaining ``(D,)``; of equals the earliest."""
        return int(np.argmax(np.where(remaining, self.scores, -np.inf)))

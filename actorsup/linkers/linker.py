"""The seam that every linker fills."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from actorsup.structures import Detections, Tube


class Linker(ABC):
    """Joins the detections of a video's frames into tubes."""

    @abstractmethod
    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """Make the tubes of one video.

        Args:
            frames: ``T`` frames ``(H, W, 3)`` uint8, RGB, read in any order.
            detections: of each frame.

        Returns:
            The tubes, best first; none where nothing was detected. A tube's label is its actor's. Linkers that look at
            no detections, to compare with, give tubes in any case, with the label 0.
        """


def frame_size(frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> tuple[int, int]:
    """``(width, height)`` of the frames; ``ValueError`` unless there is one, and detections for each."""
    if len(frames) != len(detections) or len(frames) == 0:
        raise ValueError(
            f"a linker needs one Detections a frame, got {len(frames)} frames, {len(detections)} Detections"
        )
    height, width = frames[0].shape[:2]
    return width, height

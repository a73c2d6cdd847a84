"""The seam that every linker fills."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from actorsup.structures import Detections, Tube


class Linker(ABC):
    """Joins the detections of a video's frames into tubes."""

    @abstractmethod
    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """Make the tubes of one video, best first, from its ``T`` frames ``(H, W, 3)`` uint8 RGB and their detections.

        A tube's label is its actor's. Without detections there are no tubes, but from linkers that look at none, whose
        label is 0. ``frames`` are read in any order.
        """


def frame_size(frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> tuple[int, int]:
    """``(width, height)`` of the frames; ``ValueError`` unless there is one, and detections for each."""
    if len(frames) != len(detections) or len(frames) == 0:
        found = f"{len(frames)} frames, {len(detections)} Detections"
        raise ValueError(f"a linker needs one Detections a frame, got {found}")
    height, width = frames[0].shape[:2]
    return width, height

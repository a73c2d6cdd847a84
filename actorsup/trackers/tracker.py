"""The seam that every tracker fills."""

from abc import ABC, abstractmethod

import numpy as np


class Tracker(ABC):
    """Follows several targets at once, each from the frame in which it was given through the frames of ``update``.

    Targets do not influence each other: each is followed as if it were alone.
    """

    @abstractmethod
    def init(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """Take new targets and forget the old ones.

        Args:
            image: ``(H, W, 3)`` uint8, RGB.
            boxes: ``(P, 4)``, ``(x1, y1, x2, y2)`` in pixels.

        Raises:
            ValueError: if a box has no positive width and height.
        """

    @abstractmethod
    def add(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """Take further targets, which come after those of before; arguments as of ``init``.

        The image is the last one of ``init`` or ``update``.
        """

    @abstractmethod
    def update(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find all targets in the next frame.

        Returns:
            boxes ``(P, 4)``, cut to the frame, and scores ``(P,)`` in [0, 1]: how sure the tracker is of each.
        """


def check_targets(boxes: np.ndarray) -> np.ndarray:
    """Boxes as float32, or ``ValueError`` unless they are ``(P, 4)`` of positive width and height."""
    boxes = np.asarray(boxes, dtype=np.float32)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not (boxes[:, 2:] > boxes[:, :2]).all():
        raise ValueError(f"targets must be boxes (P, 4) of positive width and height, got {boxes.tolist()}")
    return boxes

"""The seam that every tracker fills."""

from abc import ABC, abstractmethod

import numpy as np


class Tracker(ABC):
    """Follows several targets at once, each as if it were alone, through the frames of ``update``."""

    @abstractmethod
    def init(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """Take new targets, boxes ``(P, 4)`` in pixels of an image ``(H, W, 3)`` uint8 RGB, and forget the old ones.

        Raises:
            ValueError: if a box has no positive width and height.
        """

    @abstractmethod
    def add(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """Append targets, boxes ``(P, 4)`` in pixels of the image that the last ``init`` or ``update`` had."""

    @abstractmethod
    def update(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find all targets in the next frame: boxes ``(P, 4)`` in its pixels, cut to it, scores ``(P,)`` in [0, 1]."""

    def twin(self) -> "Tracker | None":
        """Another one without targets, which a second thread may use meanwhile, with the same results.

        None, the default, if there cannot be one, or one tracker uses all cores as well.
        """
        return None


def check_targets(boxes: np.ndarray) -> np.ndarray:
    """Boxes as float32, or ``ValueError`` unless they are ``(P, 4)`` of positive width and height."""
    boxes = np.asarray(boxes, dtype=np.float32)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not (boxes[:, 2:] > boxes[:, :2]).all():
        raise ValueError(f"targets must be boxes (P, 4) of positive width and height, got {boxes.tolist()}")
    return boxes

"""What a detector found in one frame."""

from dataclasses import dataclass

import numpy as np

from .boxes import as_boxes


@dataclass(frozen=True, eq=False)
class Detections:
    """The actors detected in one frame, in no particular order.

    Args:
        boxes: ``(D, 4)``, ``(x1, y1, x2, y2)`` in pixels of the original frame.
        scores: ``(D,)``, the detector's confidence.
        labels: ``(D,)``, actor category: an index into the detector's ``actors``.

    Raises:
        ValueError: if the lengths differ, a box is malformed, or a score is not finite.
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        boxes = as_boxes(self.boxes, "detections.boxes")
        scores = np.array(self.scores, dtype=np.float32)
        labels = np.array(self.labels, dtype=np.int64)
        if scores.shape != (len(boxes),) or labels.shape != (len(boxes),):
            raise ValueError(
                f"detections need one score and one label a box: {len(boxes)} boxes, "
                f"scores of shape {scores.shape}, labels of shape {labels.shape}"
            )
        if not np.isfinite(scores).all():
            raise ValueError(f"detections.scores must be finite, got {scores.tolist()}")
        for name, array in (("boxes", boxes), ("scores", scores), ("labels", labels)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @classmethod
    def empty(cls) -> "Detections":
        """The detections of a frame in which nothing was found."""
        return cls(np.zeros((0, 4)), np.zeros(0), np.zeros(0))

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: np.ndarray | slice) -> "Detections":
        """The subset that a mask, an index array or a slice selects."""
        return Detections(self.boxes[index], self.scores[index], self.labels[index])

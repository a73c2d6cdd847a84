"""Boxes: ``(x1, y1, x2, y2)`` in continuous absolute pixels of the original frame, width ``x2 - x1`` (no +1)."""

from dataclasses import dataclass

import numpy as np


def as_boxes(boxes, name: str) -> np.ndarray:
    """Boxes as a read-only float32 copy ``(D, 4)``: finite, without negative widths or heights."""
    array = as_numbers(boxes, name)
    if array.size == 0:
        array = array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"{name} must have the shape (num_boxes, 4), got {array.shape}")
    if not (np.isfinite(array).all() and (array[:, 2:] >= array[:, :2]).all()):
        bad = ~np.isfinite(array).all(axis=1) | (array[:, 2:] < array[:, :2]).any(axis=1)
        index = int(bad.argmax())
        raise ValueError(
            f"{name}[{index}] = {array[index].tolist()}: expected finite x1 <= x2 and y1 <= y2"
            f" ({int(bad.sum())} of {len(array)} boxes are wrong)"
        )
    array.setflags(write=False)
    return array


def as_numbers(values, name: str) -> np.ndarray:
    """Numbers as a float32 copy, where those that are too large are infinite; text and truth values are refused."""
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be numbers, got {array.dtype}")
    with np.errstate(over="ignore"):
        return np.array(array, dtype=np.float32)


def set_frozen(instance, **values) -> None:
    """Set fields of a frozen dataclass in its ``__post_init__``; arrays become read-only."""
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
        object.__setattr__(instance, name, value)


def box_areas(boxes: np.ndarray) -> np.ndarray:
    """Areas ``(…,)`` in square pixels of boxes ``(…, 4)``."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def sides_of(boxes: np.ndarray, offset: float = 0.0) -> np.ndarray:
    """Left, top, right, bottom and area of boxes ``(D, 4)``, with the offset at right and bottom: ``(5, D)``."""
    left, top, right, bottom = boxes.T.astype(np.float64, order="C")  # operations run over contiguous numbers
    right, bottom = right + offset, bottom + offset
    return np.stack([left, top, right, bottom, (right - left) * (bottom - top)])


def iou_of_sides(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """IoU ``(…,)`` of boxes given by ``sides_of``, ``(5, …)``; two empty ones give 0."""
    width = np.minimum(first[2], second[2]) - np.maximum(first[0], second[0])
    height = np.minimum(first[3], second[3]) - np.maximum(first[1], second[1])
    intersection = np.maximum(width, 0, out=width) * np.maximum(height, 0, out=height)
    union = first[4] + second[4] - intersection
    return intersection / np.maximum(union, np.finfo(np.float64).tiny, out=union)


def elementwise_iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """IoU ``(T,)`` of the t-th box of the first with the t-th of the second, both ``(T, 4)`` in one unit; float64."""
    return iou_of_sides(sides_of(first), sides_of(second))


def pairwise_iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """IoU ``(M, N)`` float64 of all boxes ``(M, 4)`` of the first with all ``(N, 4)`` of the second, in one unit."""
    return iou_of_sides(sides_of(first)[:, :, None], sides_of(second)[:, None])


def clip_boxes(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Boxes ``(…, 4)`` cut to a frame of ``size = (width, height)`` pixels; what lies outside becomes an empty box."""
    return np.clip(boxes, 0, np.array([*size, *size], dtype=boxes.dtype))


@dataclass(frozen=True, eq=False)
class Detections:
    """The actors detected in one frame, in no particular order.

    Args:
        boxes: ``(D, 4)``, ``(x1, y1, x2, y2)`` in pixels of the original frame.
        scores: ``(D,)``, the detector's confidence, finite.
        labels: ``(D,)``, actor category: an index into the detector's ``actors``.
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        boxes = as_boxes(self.boxes, "detections.boxes")
        scores = as_numbers(self.scores, "detections.scores")
        labels = np.array(self.labels, dtype=np.int64)
        if scores.shape != (len(boxes),) or labels.shape != (len(boxes),):
            raise ValueError(
                f"detections need one score and one label a box: {len(boxes)} boxes, "
                f"scores of shape {scores.shape}, labels of shape {labels.shape}"
            )
        if not np.isfinite(scores).all():
            raise ValueError(f"detections.scores must be finite, got {scores.tolist()}")
        if (labels < 0).any():
            raise ValueError(f"detections.labels are counted from 0, got {labels.tolist()}")
        set_frozen(self, boxes=boxes, scores=scores, labels=labels)

    @classmethod
    def empty(cls) -> "Detections":
        """The detections of a frame in which nothing was found."""
        return cls(np.zeros((0, 4)), np.zeros(0), np.zeros(0))

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: np.ndarray | slice) -> "Detections":
        """The subset that a mask, an index array or a slice selects."""
        return Detections(self.boxes[index], self.scores[index], self.labels[index])

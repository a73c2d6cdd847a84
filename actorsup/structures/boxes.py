"""Boxes: ``(x1, y1, x2, y2)`` in continuous absolute pixels of the original frame, width ``x2 - x1`` (no +1)."""

import numpy as np


def as_boxes(boxes, name: str) -> np.ndarray:
    """Boxes as a read-only float32 copy ``(…, 4)``.

    Raises:
        ValueError: if the last dimension is not 4, a coordinate is not finite, or a box has negative width or height.
    """
    array = np.array(boxes, dtype=np.float32)
    if array.size == 0:
        array = array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"{name} must have the shape (num_boxes, 4), got {array.shape}")
    bad = ~np.isfinite(array).all(axis=1) | (array[:, 2:] < array[:, :2]).any(axis=1)
    if bad.any():
        index = int(bad.argmax())
        raise ValueError(
            f"{name}[{index}] = {array[index].tolist()}: expected finite x1 <= x2 and y1 <= y2"
            f" ({int(bad.sum())} of {len(array)} boxes are wrong)"
        )
    array.setflags(write=False)
    return array


def box_areas(boxes: np.ndarray) -> np.ndarray:
    """Areas ``(…,)`` in square pixels of boxes ``(…, 4)``."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def _iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes that broadcast against each other; two empty boxes give 0."""
    first, second = first.astype(np.float64), second.astype(np.float64)
    upper_left = np.maximum(first[..., :2], second[..., :2])
    lower_right = np.minimum(first[..., 2:], second[..., 2:])
    intersection = np.prod(np.clip(lower_right - upper_left, 0, None), axis=-1)
    union = box_areas(first) + box_areas(second) - intersection
    return np.divide(intersection, union, out=np.zeros_like(intersection), where=union > 0)


def elementwise_iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """IoU ``(T,)`` of the t-th box of the first with the t-th of the second, both ``(T, 4)``; float64."""
    return _iou(first, second)


def pairwise_iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """IoU ``(M, N)`` of every box of the first ``(M, 4)`` with every box of the second ``(N, 4)``; float64."""
    return _iou(first[:, None], second[None])


def clip_boxes(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Boxes ``(…, 4)`` cut to a frame of ``size = (width, height)`` pixels; what lies outside becomes an empty box."""
    width, height = size
    return np.clip(boxes, 0, np.array([width, height, width, height], dtype=boxes.dtype))

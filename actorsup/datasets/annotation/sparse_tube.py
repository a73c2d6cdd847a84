"""Tubes that people marked in some of their frames only."""

import numpy as np

from actorsup.structures import Tube


def tube_of_frames(frames: np.ndarray, boxes: np.ndarray, label: int) -> Tube:
    """A true tube from the first of the given frames to the last; between them boxes are interpolated linearly.

    Args:
        frames: ``(n,)`` whole numbers, ascending.
        boxes: ``(n, 4)``, those of the frames.
        label: of the tube.

    Raises:
        ValueError: if the frames are not ascending, or not as many as the boxes, or a box is none.
    """
    frames = np.asarray(frames, dtype=np.int64)
    boxes = np.asarray(boxes, dtype=np.float32)  # as they are kept, so that a written tube is read as it was
    if frames.ndim != 1 or len(frames) != len(boxes) or (np.diff(frames) <= 0).any():
        raise ValueError(f"{len(boxes)} boxes need as many ascending frames, got {frames.tolist()}")
    every = np.arange(frames[0], frames[-1] + 1)
    between = np.stack([np.interp(every, frames, column) for column in boxes.T], axis=1)
    annotated = np.isin(every, frames)
    return Tube(int(frames[0]), between, np.ones(len(every)), 1.0, label, None if annotated.all() else annotated)

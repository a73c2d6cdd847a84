"""How much tubes overlap, in space and time."""

from collections.abc import Sequence

import numpy as np

from .boxes import elementwise_iou
from .tube import Tube


def pairwise_tube_iou(tubes: Sequence[Tube], true_tubes: Sequence[Tube]) -> np.ndarray:
    """Spatio-temporal IoU of every tube with every true one: the sum of the boxes' IoU over the frames that both have.

    It is divided by the number of frames that either has; with a true tube that is annotated in some of its frames,
    sum and number are over those frames alone. Evaluation measures by the protocols of its own.

    Args:
        tubes: P of them.
        true_tubes: G of them, in pixels of the same frame.

    Returns:
        ``(P, G)`` float64, 0 to 1.
    """
    overlaps = [[_tube_iou(tube, truth) for truth in true_tubes] for tube in tubes]
    return np.array(overlaps, dtype=np.float64).reshape(len(tubes), len(true_tubes))


def _tube_iou(tube: Tube, truth: Tube) -> float:
    if truth.annotated is None:
        start, end = max(tube.start, truth.start), min(tube.end, truth.end)
        frames = np.arange(start, end)
        num_frames = len(tube) + len(truth) - len(frames)
    else:
        frames = truth.start + np.flatnonzero(truth.annotated)
        num_frames = len(frames)
        frames = frames[tube.covers(frames)]
    return float(elementwise_iou(tube.boxes_at(frames), truth.boxes_at(frames)).sum() / num_frames)

"""Search without knowledge: still windows of all sizes everywhere."""

from collections.abc import Sequence
from itertools import product
from math import sqrt

import numpy as np

from actorsup.registry import LINKERS
from actorsup.structures import Detections, Tube

from .linker import Linker, check_lengths


@LINKERS.register_module()
class SlidingWindowTubes(Linker):
    """Still boxes on a grid of places, sizes, shapes and times, whatever was detected.

    All numbers below are shares of the frame and of the video. A window of scale s and aspect a has width s·√a and
    height s/√a, at most 1. Windows of one shape lie evenly from edge to edge, neighbours at most ``stride`` of their
    side apart; so they do in time.

    They come the larger in space and time, the earlier; of equal ones, the nearer to the middle of frame and video, the
    earlier. So the first few are large and central, and more of them add smaller ones.

    Args:
        max_tubes: the first so many of the grid; None is all.
        scales: s, above 0 and at most 1.
        aspects: a, above 0; 1 is the frame's own.
        durations: above 0 and at most 1, the whole video.
        stride: above 0 and at most 1, windows side by side.
    """

    def __init__(
        self,
        max_tubes: int | None = 20,
        scales: Sequence[float] = (1.0, 0.7, 0.5, 0.35),
        aspects: Sequence[float] = (1.0, 0.5, 2.0),
        durations: Sequence[float] = (1.0,),
        stride: float = 0.5,
    ) -> None:
        if max_tubes is not None and max_tubes < 1:
            raise ValueError(f"expected max_tubes >= 1 or None, got {max_tubes}")
        if not (scales and durations and all(0 < share <= 1 for share in [*scales, *durations, stride])):
            raise ValueError(
                "expected scales, durations and a stride above 0 and at most 1, at least one of each, "
                f"got {scales}, {durations} and {stride}"
            )
        if not (aspects and min(aspects) > 0):
            raise ValueError(f"expected aspects above 0, at least one, got {aspects}")
        self.max_tubes = max_tubes
        self.windows = _in_order(_grid(scales, aspects, durations, stride))

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``; all have the score 1. Windows that are the same in a short video are given once."""
        check_lengths(frames, detections)
        num_frames, (height, width) = len(frames), frames[0].shape[:2]
        tubes: dict[tuple, Tube] = {}
        for left, top, begin, right, bottom, finish in self.windows.tolist():
            if len(tubes) == self.max_tubes:
                break
            box = (left * width, top * height, right * width, bottom * height)
            start = min(round(begin * num_frames), num_frames - 1)
            end = max(round(finish * num_frames), start + 1)
            tubes.setdefault((box, start, end), Tube.still(box, end - start, start))
        return list(tubes.values())


def _grid(scales: Sequence[float], aspects: Sequence[float], durations: Sequence[float], stride: float) -> np.ndarray:
    """All windows ``(M, 6)``: x, y and time of the first corner, then of the last, as shares."""
    windows = []
    for scale, aspect, duration in product(scales, aspects, durations):
        sides = np.minimum([scale * sqrt(aspect), scale / sqrt(aspect), duration], 1)
        corners = np.array(list(product(*(_positions(side, stride) for side in sides))))
        windows.append(np.concatenate([corners, corners + sides], axis=1))
    return np.concatenate(windows)


def _positions(side: float, stride: float) -> np.ndarray:
    """Where windows of one side begin."""
    room = 1 - side
    num_steps = round(room / (stride * side))
    return np.linspace(0, room, num_steps + 1) if num_steps else np.array([room / 2])


def _in_order(windows: np.ndarray) -> np.ndarray:
    """The larger first; of equal ones the nearer to the middle; of these the order of the grid."""
    first, last = windows[:, :3], windows[:, 3:]
    volumes = (last - first).prod(axis=1)
    distances = np.linalg.norm((first + last) / 2 - 0.5, axis=1)
    # Rounded, because what is equal on paper differs in its last digits.
    return windows[np.lexsort([distances.round(9), -volumes.round(9)])]

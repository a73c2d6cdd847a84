"""What Algorithm 1 is compared with beside Viterbi: tubes that are not linked, or look at no detection."""

import hashlib
from collections.abc import Sequence
from itertools import product
from math import sqrt

import numpy as np

from actorsup.registry import LINKERS
from actorsup.structures import Detections, Tube, box_areas, clip_boxes

from .linker import Linker, frame_size
from .siamese_linker import Candidates


@LINKERS.register_module()
class UnlinkedDetections(Linker):
    """The best detections, each standing still over the whole video: Algorithm 1 without tracking.

    Detections whose IoU with a chosen one reaches ``overlap_threshold`` are dropped.
    """

    def __init__(self, max_tubes: int = 20, overlap_threshold: float = 0.7) -> None:
        if max_tubes < 1 or not 0 < overlap_threshold <= 1:
            expected = "max_tubes >= 1 and 0 < overlap_threshold <= 1"
            raise ValueError(f"expected {expected}, got {max_tubes} and {overlap_threshold}")
        self.max_tubes = max_tubes
        self.overlap_threshold = overlap_threshold

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``."""
        found = Candidates.of(detections, frame_size(frames, detections))
        length = len(frames)
        chosen = found.choose(lambda best, _: found.boxes[[best] * length], self.max_tubes, self.overlap_threshold)
        return [Tube.still(found.boxes[best], length, 0, found.scores[best], found.labels[best]) for best in chosen]


@LINKERS.register_module()
class RandomTubes(Linker):
    """Boxes of random size in random places, whatever was detected.

    Width and height are drawn independently, from ``min_side`` to 1 of the frame's, and stay. The place in the first
    and in the last frame is drawn among those inside the frame; the motion between them is steady.

    Chance depends on ``seed`` and on the video alone (its number of frames, their size, the first frame), not on the
    order of the videos.

    Args:
        max_tubes: how many.
        min_side: shortest side, as a share of the frame's: above 0, at most 1.
        moving: False keeps the first place.
        seed: another one gives other tubes.
    """

    def __init__(self, max_tubes: int = 20, min_side: float = 0.1, moving: bool = True, seed: int = 0) -> None:
        if max_tubes < 1 or not 0 < min_side <= 1 or seed < 0:
            expected = "max_tubes >= 1, 0 < min_side <= 1 and seed >= 0"
            raise ValueError(f"expected {expected}, got {max_tubes}, {min_side} and {seed}")
        self.max_tubes = max_tubes
        self.min_side = min_side
        self.moving = moving
        self.seed = seed

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``; no tube is better than another, and all have the score 1."""
        size, first_frame = frame_size(frames, detections), frames[0]
        identity = hashlib.sha256(f"{len(frames)} {first_frame.shape}".encode() + first_frame.tobytes()).digest()
        rng = np.random.default_rng([self.seed, *np.frombuffer(identity, np.dtype("<u4"))])
        tubes = []
        for _ in range(self.max_tubes):
            sides = rng.uniform(self.min_side, 1, 2) * size
            first, last = rng.uniform(0, 1, (2, 2)) * (size - sides)
            corners = np.linspace(first, last if self.moving else first, len(frames))  # (T, 2)
            boxes = clip_boxes(np.concatenate([corners, corners + sides], axis=1), size)  # after rounding
            tubes.append(Tube(0, boxes, np.ones(len(boxes)), 1.0, 0))
        return tubes


@LINKERS.register_module()
class SlidingWindowTubes(Linker):
    """Boxes that stand still over the whole video, on a grid of places, sizes and shapes, whatever was detected.

    In shares of the frame, a window of scale s and aspect a has width s·√a and height s/√a, at most 1. Windows of one
    shape lie evenly from edge to edge. Larger ones come first; of equal ones, those nearer to the middle.

    Args:
        max_tubes: the first so many of the grid; None is all.
        scales: s, above 0 and at most 1.
        aspects: a, above 0; 1 is the frame's own.
        stride: most that neighbours are apart, as a share of their side: above 0 and at most 1.
    """

    def __init__(
        self,
        max_tubes: int | None = 20,
        scales: Sequence[float] = (1.0, 0.7, 0.5, 0.35),
        aspects: Sequence[float] = (1.0, 0.5, 2.0),
        stride: float = 0.5,
    ) -> None:
        if max_tubes is not None and max_tubes < 1:
            raise ValueError(f"expected max_tubes >= 1 or None, got {max_tubes}")
        if not (scales and all(0 < share <= 1 for share in [*scales, stride])):
            expected = "scales, at least one, and a stride above 0 and at most 1"
            raise ValueError(f"expected {expected}, got {scales} and {stride}")
        if not (aspects and min(aspects) > 0):
            raise ValueError(f"expected aspects above 0, at least one, got {aspects}")
        self.max_tubes = max_tubes
        self.windows = _windows(scales, aspects, stride)

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``; all have the score 1."""
        boxes = self.windows[: self.max_tubes] * np.tile(frame_size(frames, detections), 2)
        return [Tube.still(box, len(frames)) for box in boxes]


def _windows(scales: Sequence[float], aspects: Sequence[float], stride: float) -> np.ndarray:
    """All windows ``(M, 4)``, each once, in their order: first corner and last, as shares of the frame."""
    windows = []
    for scale, aspect in product(scales, aspects):
        sides = np.minimum([scale * sqrt(aspect), scale / sqrt(aspect)], 1)
        corners = np.array(list(product(*(_positions(side, stride) for side in sides))))
        windows.append(np.concatenate([corners, corners + sides], axis=1))
    windows = np.array(list(dict.fromkeys(map(tuple, np.concatenate(windows).tolist()))))
    areas = box_areas(windows).round(9)  # what is equal on paper differs in its last digits
    distances = np.linalg.norm((windows[:, :2] + windows[:, 2:]) / 2 - 0.5, axis=1).round(9)
    return windows[np.lexsort([distances, -areas])]


def _positions(side: float, stride: float) -> np.ndarray:
    """Where windows of one side begin."""
    free = 1 - side
    num_steps = round(free / (stride * side))
    return np.linspace(0, free, num_steps + 1) if num_steps else np.array([free / 2])


@LINKERS.register_module()
class WholeFrame(Linker):
    """One tube: the whole frame throughout the video, whatever was detected."""

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``."""
        return [Tube.still((0, 0, *frame_size(frames, detections)), len(frames))]

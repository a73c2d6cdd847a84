"""Linkers that Algorithm 1 is compared with."""

import hashlib
from collections.abc import Sequence
from itertools import product
from math import sqrt

import numpy as np

from actorsup.registry import LINKERS
from actorsup.structures import Detections, Tube, box_areas, clip_boxes, pairwise_iou

from .linker import Linker, check_lengths
from .siamese_linker import Candidates


@LINKERS.register_module()
class UnlinkedDetections(Linker):
    """Each of the best detections as a tube that stands still over the whole video.

    It is Algorithm 1 with actors that do not move: the best remaining detection of all frames becomes a tube with its
    score and label, detections of any frame that overlap it are dropped, and so on.

    Args:
        max_tubes: tubes to make at most.
        overlap_threshold: IoU with a chosen detection from which others are dropped.
    """

    def __init__(self, max_tubes: int = 20, overlap_threshold: float = 0.7) -> None:
        if max_tubes < 1 or not 0 < overlap_threshold <= 1:
            raise ValueError(
                f"expected max_tubes >= 1 and 0 < overlap_threshold <= 1, got {max_tubes} and {overlap_threshold}"
            )
        self.max_tubes = max_tubes
        self.overlap_threshold = overlap_threshold

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``."""
        check_lengths(frames, detections)
        height, width = frames[0].shape[:2]
        candidates = Candidates.of(detections, (width, height))
        remaining = box_areas(candidates.boxes) > 0
        tubes: list[Tube] = []
        while remaining.any() and len(tubes) < self.max_tubes:
            best = candidates.best(remaining)
            box = candidates.boxes[best]
            tubes.append(Tube.still(box, len(frames), 0, candidates.scores[best], candidates.labels[best]))
            remaining &= pairwise_iou(candidates.boxes, box[None])[:, 0] < self.overlap_threshold
            remaining[best] = False  # rounding must not keep the tube's own
        return tubes


@LINKERS.register_module()
class RandomTubes(Linker):
    """Boxes of random size in random places, whatever was detected.

    Width and height of a tube's box are drawn independently, from ``min_side`` to 1 of the frame's, and stay. Its place
    is drawn among those inside the frame: one for the first and one for the last frame, with a steady motion between
    them, or one for all.

    The numbers depend on ``seed`` and on what identifies a video by itself, its number of frames, their size and the
    content of the first: a video's tubes are the same in any order of videos, on any number of processes, and whatever
    the detector. Fewer tubes are the first of more.

    Args:
        max_tubes: how many.
        min_side: shortest side, as a share of the frame's: above 0, at most 1.
        moving: whether boxes move.
        whole_video: tubes span the video. Otherwise first and last frame are drawn too, all pairs as likely.
        seed: another one gives other tubes.
    """

    def __init__(
        self,
        max_tubes: int = 20,
        min_side: float = 0.1,
        moving: bool = True,
        whole_video: bool = True,
        seed: int = 0,
    ) -> None:
        if max_tubes < 1 or not 0 < min_side <= 1 or seed < 0:
            raise ValueError(
                f"expected max_tubes >= 1, 0 < min_side <= 1 and seed >= 0, got {max_tubes}, {min_side} and {seed}"
            )
        self.max_tubes = max_tubes
        self.min_side = min_side
        self.moving = moving
        self.whole_video = whole_video
        self.seed = seed

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``; no tube is better than another, and all have the score 1."""
        check_lengths(frames, detections)
        rng = np.random.default_rng([self.seed, *_identity(frames)])
        height, width = frames[0].shape[:2]
        return [self._draw(rng, len(frames), (width, height)) for _ in range(self.max_tubes)]

    def _draw(self, rng: np.random.Generator, num_frames: int, size: tuple[int, int]) -> Tube:
        start, end = 0, num_frames
        if not self.whole_video:
            start, end = np.sort(rng.choice(num_frames + 1, 2, replace=False))
        sides = rng.uniform(self.min_side, 1, 2) * size
        first, last = rng.uniform(0, 1, (2, 2)) * (size - sides)
        corners = np.linspace(first, last if self.moving else first, end - start)  # (T, 2)
        boxes = np.concatenate([corners, corners + sides], axis=1)
        return Tube(start, clip_boxes(boxes, size), np.ones(len(boxes)), 1.0, 0)  # rounding may step over the edge


def _identity(frames: Sequence[np.ndarray]) -> np.ndarray:
    """32-bit numbers that differ between videos whose length, size or first frame differ."""
    first = np.ascontiguousarray(frames[0])
    digest = hashlib.sha256(f"{len(frames)} {first.shape}".encode() + first.tobytes()).digest()
    return np.frombuffer(digest, np.dtype("<u4"))


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


@LINKERS.register_module()
class WholeFrame(Linker):
    """One tube: the whole frame throughout the video, whatever was detected."""

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``."""
        check_lengths(frames, detections)
        height, width = frames[0].shape[:2]
        return [Tube.still((0, 0, width, height), len(frames))]

"""Proposals by chance: recall that is not above theirs says nothing."""

import hashlib
from collections.abc import Sequence

import numpy as np

from actorsup.registry import LINKERS
from actorsup.structures import Detections, Tube, clip_boxes

from .linker import Linker, check_lengths


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

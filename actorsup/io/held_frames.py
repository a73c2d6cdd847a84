"""Frames that are in memory, in the place of a video."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from actorsup.registry import VIDEO_READERS

from .video_reader import VideoReader


@VIDEO_READERS.register_module()
class HeldFramesReader(VideoReader):
    """Frames that somebody holds, for what reads videos.

    Args:
        path: what they are called in messages; there need not be such a file.
        frames: ``T`` frames ``(H, W, 3)`` uint8, RGB, of one size.
    """

    def __init__(self, path: str | Path, frames: Sequence[np.ndarray]) -> None:
        # Not the constructor of the base class, which looks for a file.
        self.path = Path(path)
        self.frames = frames

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.frames)

    def estimate_length(self) -> int:
        """See ``VideoReader.estimate_length``; here it is exact."""
        return len(self.frames)

    def _pick(self, indices: np.ndarray) -> Iterator[np.ndarray]:
        return (self.frames[index] for index in indices.tolist() if index < len(self.frames))

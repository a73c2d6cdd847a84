"""Which frames of a video the model sees."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from actorsup.errors import InputError
from actorsup.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SampleFrames(BaseTransform):
    """One frame of each of ``N`` equal segments of the video.

    Time is continuous: frame ``t`` lasts from ``t`` to ``t + 1``, the video from 0 to ``T``. With ``T = 10, N = 4``::

        frame     | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 |
        segment   |    0    |    1    |    2    |    3    |
        center         x         x         x         x       -> 1 3 6 8
        random      x           x       x               x    -> 0 3 5 9

    The frame is the one that is shown at the chosen instant: in training a random one of the segment, so that every
    frame of the video is as likely as any other, whatever ``T`` and ``N`` are; in testing the middle. A video of fewer
    than ``N`` frames gives some of them several times, in ascending order.

    Args:
        num_frames: ``N``, 16 in the paper.
        mode: ``'random'`` for training, ``'center'`` for testing.
    """

    def __init__(self, num_frames: int = 16, mode: str = "random") -> None:
        if num_frames < 1:
            raise InputError(f"SampleFrames: num_frames must be 1 or more, got {num_frames}")
        if mode not in ("random", "center"):
            raise InputError(f"SampleFrames: mode must be 'random' or 'center', got {mode!r}")
        self.num_frames = num_frames
        self.mode = mode

    def transform(self, results: dict) -> dict:
        """Add ``frame_indices (N,)``; ``T`` is the number of frames that were decoded for the proposals."""
        video_length = results["proposals"].num_frames
        positions = self._random_positions() if self.mode == "random" else 0.5
        instants = (np.arange(self.num_frames) + positions) * video_length / self.num_frames
        # Rounding can lift the last instant to T itself.
        indices = np.minimum(instants.astype(np.int64), video_length - 1)
        return {**results, "frame_indices": indices}

    @cache_randomness
    def _random_positions(self) -> np.ndarray:
        """Where in its segment each instant lies: ``(N,)``, from 0 to 1."""
        return np.random.random(self.num_frames)

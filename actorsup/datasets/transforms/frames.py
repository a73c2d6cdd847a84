"""Which frames of a video the model sees: sampled, decoded, resized and flipped.

Changes of the frames that the tubes follow.

Coordinates are continuous: a frame of ``W`` pixels reaches from 0 to ``W``. So a box scales by the factor of the frame,
and mirroring takes x to ``W - x``; there is no half pixel and no minus one.
"""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from actorsup.errors import InputError
from actorsup.io import open_video
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


@TRANSFORMS.register_module()
class DecodeFrames(BaseTransform):
    """Read the sampled frames, with the data set's reader.

    Raises:
        VideoError: if the video cannot be read, naming the file.
        InputError: if its frames are not of the size that the proposals were made at: it was replaced since.
    """

    def transform(self, results: dict) -> dict:
        """Add ``frames (N, H, W, 3)``, uint8, RGB."""
        frames = open_video(results["path"], results["reader"]).frames_at(results["frame_indices"])
        height, width = frames.shape[1:3]
        expected = results["proposals"].size
        if (width, height) != tuple(expected):
            raise InputError(
                f"{results['path']}: frames are {width}x{height}, its proposals were made at "
                f"{expected[0]}x{expected[1]}: the video was replaced since; "
                "delete its proposals and run `actorsup proposals` again"
            )
        return {**results, "frames": frames}


@TRANSFORMS.register_module()
class ResizeFrames(BaseTransform):
    """Scale all frames to one size, and the tubes with them; the aspect ratio is not kept.

    Interpolation is bilinear. Only where no side grows, each pixel is the mean of the area that it comes from: bilinear
    interpolation would skip pixels there, and thin structures would flicker from frame to frame.

    Args:
        size: ``(width, height)`` in pixels.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        if len(size) != 2 or min(size) < 1:
            raise InputError(f"ResizeFrames: size must be (width, height) in pixels, got {size}")
        self.size = tuple(size)

    def transform(self, results: dict) -> dict:
        """Scale ``frames (N, H, W, 3)`` and ``tubes (P, N, 4)``."""
        frames = results["frames"]
        height, width = frames.shape[1:3]
        new_width, new_height = self.size
        if (width, height) == self.size:
            return results
        shrinks = new_width <= width and new_height <= height
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        resized = np.stack([cv2.resize(frame, self.size, interpolation=interpolation) for frame in frames])
        scale = np.array([new_width / width, new_height / height] * 2, np.float32)
        return {**results, "frames": resized, "tubes": results["tubes"] * scale}


@TRANSFORMS.register_module()
class FlipFrames(BaseTransform):
    """Mirror all frames of a video left to right, or none of them, and the tubes with them.

    Args:
        prob: how often, from 0 to 1.
    """

    def __init__(self, prob: float = 0.5) -> None:
        if not 0 <= prob <= 1:
            raise InputError(f"FlipFrames: prob must be from 0 to 1, got {prob}")
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Mirror ``frames (N, H, W, 3)`` and ``tubes (P, N, 4)``, or leave them as they are."""
        if not self._draw():
            return results
        frames = results["frames"]
        left, top, right, bottom = np.moveaxis(results["tubes"], -1, 0)
        width = frames.shape[2]
        tubes = np.stack([width - right, top, width - left, bottom], axis=-1)
        return {**results, "frames": frames[:, :, ::-1], "tubes": tubes}

    @cache_randomness
    def _draw(self) -> bool:
        return np.random.random() < self.prob

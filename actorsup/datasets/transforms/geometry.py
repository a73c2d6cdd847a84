"""Changes of the frames that the tubes follow.

Coordinates are continuous: a frame of ``W`` pixels reaches from 0 to ``W``. So a box scales by the factor of the frame,
and mirroring takes x to ``W - x``; there is no half pixel and no minus one.
"""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from actorsup.errors import InputError
from actorsup.registry import TRANSFORMS


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

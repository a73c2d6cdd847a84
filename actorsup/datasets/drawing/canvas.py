"""Painting textured outlines."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

_FIXED_POINT = 4  # fractional bits of the corners that OpenCV fills


@dataclass(frozen=True)
class Canvas:
    """Pixels ``(H, W, 3)`` uint8, painted from the back to the front; their middle is the origin of the scene."""

    pixels: np.ndarray

    def paint(self, outline: np.ndarray, texture: np.ndarray, to_texture: np.ndarray) -> None:
        """Fill an outline.

        Args:
            outline: ``(K, 2)``, in pixels of the scene.
            texture: ``(S, S, 3)``, mirrored where it ends.
            to_texture: ``(2, 3)``, from the scene's pixels to the texture's.
        """
        height, width = self.pixels.shape[:2]
        outline = np.add(outline, (width / 2, height / 2))
        (left, top), (right, bottom) = outline.min(axis=0).tolist(), outline.max(axis=0).tolist()
        x1, y1 = max(math.floor(left), 0), max(math.floor(top), 0)
        x2, y2 = min(math.ceil(right), width), min(math.ceil(bottom), height)
        if x2 <= x1 or y2 <= y1:
            return
        matrix = to_texture.copy()
        matrix[:, 2] += matrix[:, :2] @ (x1 - (width - 1) / 2, y1 - (height - 1) / 2)
        patch = cv2.warpAffine(
            texture,
            matrix,
            (x2 - x1, y2 - y1),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
        corners = np.round((outline - (x1 + 0.5, y1 + 0.5)) * (1 << _FIXED_POINT)).astype(np.int32)
        cv2.fillPoly(mask, [corners], 255, shift=_FIXED_POINT)
        cv2.copyTo(patch, mask, self.pixels[y1:y2, x1:x2])

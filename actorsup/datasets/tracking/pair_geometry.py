"""Where crops lie around targets: the geometry of ``actorsup.trackers.crops``, for one frame in NumPy and OpenCV."""

import cv2
import numpy as np

EXEMPLAR_SIZE = 127
SEARCH_SIZE = 255


def context_side(size: np.ndarray) -> float:
    """Side of the square that shows a target of ``size`` (width, height) with its context (SiamFC)."""
    width, height = size
    context = (width + height) / 2
    return float(np.sqrt((width + context) * (height + context)))


def crop(frame: np.ndarray, center: np.ndarray, sides: np.ndarray, size: int) -> np.ndarray:
    """Cut a rectangle out of a frame and resize it; what lies outside the frame takes the frame's mean colour.

    Args:
        frame: ``(H, W, 3)`` uint8.
        center: (x, y) in continuous pixels of the frame.
        sides: width and height in pixels of the frame.
        size: side of the result.

    Returns:
        ``(size, size, 3)`` uint8.
    """
    step = np.asarray(sides) / size
    # OpenCV puts pixel centres at whole numbers: half a pixel less than here.
    first = np.asarray(center) - np.asarray(sides) / 2 + step / 2 - 0.5
    matrix = np.array([[step[0], 0, first[0]], [0, step[1], first[1]]])
    return cv2.warpAffine(
        frame,
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=cv2.mean(frame)[:3],
    )

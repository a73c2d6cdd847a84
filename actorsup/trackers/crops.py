"""Crops around targets, as fully convolutional Siamese trackers take them: many at once in torch, and one in OpenCV."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

EXEMPLAR_SIZE = 127
SEARCH_SIZE = 255


def context_sides(sizes: Tensor) -> Tensor:
    """Side ``(P,)`` of the square that shows targets of ``sizes (P, 2)`` (width, height) with their context.

    ``√((w + c)(h + c))`` with ``c = (w + h) / 2``: SiamFC's context of one half.
    """
    context = sizes.sum(dim=1, keepdim=True) / 2
    return (sizes + context).prod(dim=1).sqrt()


def crop_squares(image: Tensor, centers: Tensor, sides: Tensor, size: int) -> Tensor:
    """Cut squares out of an image and resize them; what lies outside the image takes the image's mean colour.

    Args:
        image: ``(3, H, W)``.
        centers: ``(K, 2)``, (x, y) in continuous pixels of the image.
        sides: ``(K,)``, in pixels of the image.
        size: side of the result in pixels; output pixel ``i`` is sampled at ``center + ((i + ½) / size − ½) · side``.

    Returns:
        ``(K, 3, size, size)``.
    """
    offsets = (torch.arange(size, device=image.device, dtype=image.dtype) + 0.5) / size - 0.5
    coordinates = centers[:, :, None] + sides[:, None, None] * offsets  # (K, 2, size)
    return sample_lattice(image, coordinates[:, 0], coordinates[:, 1])


def sample_lattice(image: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Read an image bilinearly at lattices of points; what lies outside takes the image's mean colour.

    Args:
        image: ``(3, H, W)``.
        x: ``(K, w)``, columns of each lattice in continuous pixels of the image.
        y: ``(K, h)``, its rows.

    Returns:
        ``(K, 3, h, w)``.
    """
    height, width = image.shape[1:]
    x, y = 2 * x / width - 1, 2 * y / height - 1
    shape = (len(x), y.shape[1], x.shape[1])
    grid = torch.stack([x[:, None, :].expand(shape), y[:, :, None].expand(shape)], dim=-1)  # (K, h, w, 2)
    mean = image.mean(dim=(1, 2))[:, None, None]
    # Zero padding outside becomes the mean colour when the mean is added back.
    centred = (image - mean).expand(len(x), -1, -1, -1)
    return F.grid_sample(centred, grid, mode="bilinear", padding_mode="zeros", align_corners=False) + mean


def context_side(size: np.ndarray) -> float:
    """Side of the square that shows a target of ``size`` (width, height) with its context (SiamFC)."""
    width, height = size
    context = (width + height) / 2
    return float(np.sqrt((width + context) * (height + context)))


def crop_rectangle(frame: np.ndarray, center: np.ndarray, sides: np.ndarray, size: int) -> np.ndarray:
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

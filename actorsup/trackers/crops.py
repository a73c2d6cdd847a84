"""Crops around targets, as fully convolutional Siamese trackers take them: the same to train and to track with."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

EXEMPLAR_SIZE = 127
SEARCH_SIZE = 255


def context_sides(sizes: Tensor | np.ndarray) -> Tensor | np.ndarray:
    """Side of the square around targets of ``sizes (…, 2)``: SiamFC's ``√((w + c)(h + c))``, ``c = (w + h) / 2``."""
    widths, heights = sizes[..., 0], sizes[..., 1]
    context = (widths + heights) / 2
    return ((widths + context) * (heights + context)) ** 0.5


def crop_rectangles(image: Tensor, centers: Tensor, sides: Tensor, size: int, mean: Tensor | None = None) -> Tensor:
    """Cut rectangles out of an image and resize them to squares ``(K, 3, size, size)``.

    Pixel ``i`` is sampled at ``center + ((i + ½) / size − ½) · side``.

    Args:
        image: ``(3, H, W)``, floating point.
        centers: ``(K, 2)``, (x, y) in continuous pixels of the image.
        sides: ``(K, 2)``, width and height in pixels of the image, or ``(K, 1)`` of squares.
        size: side of the result in pixels.
        mean: ``(3,)``, the colour outside; None: the image's mean.
    """
    offsets = (torch.arange(size, device=image.device, dtype=image.dtype) + 0.5) / size - 0.5
    coordinates = centers[:, :, None] + sides[:, :, None] * offsets  # (K, 2, size)
    return sample_lattice(image, coordinates[:, 0], coordinates[:, 1], mean)


def sample_lattice(image: Tensor, x: Tensor, y: Tensor, mean: Tensor | None = None) -> Tensor:
    """Sample an image bilinearly at lattices of columns ``x (K, w)`` and rows ``y (K, h)``: ``(K, 3, h, w)``.

    Coordinates are continuous pixels of the image; image and mean are as in ``crop_rectangles``.
    """
    height, width = image.shape[1:]
    x, y = 2 * x / width - 1, 2 * y / height - 1
    grid = torch.stack(torch.broadcast_tensors(x[:, None, :], y[:, :, None]), dim=-1)  # (K, h, w, 2)
    mean = (image.mean(dim=(1, 2)) if mean is None else mean)[:, None, None]
    # Zero padding becomes the mean colour when the mean is added back.
    centred = (image - mean).expand(len(x), -1, -1, -1)
    return F.grid_sample(centred, grid, mode="bilinear", padding_mode="zeros", align_corners=False) + mean

"""Square crops around targets, as fully convolutional Siamese trackers take them."""

import torch
import torch.nn.functional as F
from torch import Tensor


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
    height, width = image.shape[1:]
    num_crops = len(centers)
    offsets = (torch.arange(size, device=image.device, dtype=image.dtype) + 0.5) / size - 0.5
    x = 2 * (centers[:, 0:1] + sides[:, None] * offsets) / width - 1
    y = 2 * (centers[:, 1:2] + sides[:, None] * offsets) / height - 1
    grid = torch.stack(
        [x[:, None, :].expand(-1, size, -1), y[:, :, None].expand(-1, -1, size)], dim=-1
    )  # (K, size, size, 2)
    mean = image.mean(dim=(1, 2))[:, None, None]
    # Zero padding outside becomes the mean colour when the mean is added back.
    centred = (image - mean).expand(num_crops, -1, -1, -1)
    return F.grid_sample(centred, grid, mode="bilinear", padding_mode="zeros", align_corners=False) + mean

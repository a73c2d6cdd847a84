"""Actor-of-interest pooling in plain PyTorch: the definition that every faster implementation is compared with."""

import torch
from torch import Tensor


def interpolation_weights(low: Tensor, high: Tensor, num_samples: int, num_cells: int, spatial_scale: float) -> Tensor:
    """How much each of the feature cells contributes to each sample, along one axis: ``k(i' − u)`` of Eq. 1.

    The boxes extend from ``low (P, N)`` to ``high (P, N)`` in input pixels. A row of the weights ``(P, N, num_samples,
    num_cells)`` sums to 1, and to less beyond the outermost cells' centres.
    """
    fractions = (torch.arange(num_samples, device=low.device, dtype=low.dtype) + 0.5) / num_samples
    pixels = low[..., None] + fractions * (high - low)[..., None]
    coordinates = pixels * spatial_scale - 0.5
    cells = torch.arange(num_cells, device=low.device, dtype=low.dtype)
    return (1 - (cells - coordinates[..., None]).abs()).clamp(min=0)


def pool_frames(maps: Tensor, tubes: Tensor, output_size: tuple[int, int], spatial_scale: float) -> Tensor:
    """The tubes of one video pooled in each frame alone, ``(P, N, C, Y, X)`` in the type of the maps: Eq. 1.

    The maps are ``(N, C, H, W)``, the tubes ``(P, N, 4)`` in input pixels. It is a product of matrices, which every
    runtime has: this is what an exported model does.
    """
    kernels = _kernels(tubes.to(maps.dtype), output_size, maps.shape[2:], spatial_scale).transpose(0, 1).contiguous()
    pooled = kernels.flatten(4).flatten(1, 3) @ maps.flatten(2).transpose(1, 2)  # (N, P · Y · X, C)
    return pooled.unflatten(1, (-1, *output_size)).permute(1, 0, 4, 2, 3)


def _kernels(
    tubes: Tensor,
    output_size: tuple[int, int],
    map_size: tuple[int, int],
    spatial_scale: float,
    factors: Tensor | int = 1,
) -> Tensor:
    """What each cell of the maps counts for each sample, ``(P, N, Y, X, H, W)``, times a factor ``(P, N, 1, 1)``."""
    x1, y1, x2, y2 = tubes.unbind(dim=-1)  # (P, N)
    over_rows = interpolation_weights(y1, y2, output_size[0], map_size[0], spatial_scale) * factors
    over_columns = interpolation_weights(x1, x2, output_size[1], map_size[1], spatial_scale)
    return over_rows[..., :, None, :, None] * over_columns[..., None, :, None, :]


def actor_roi_pool3d_reference(
    features: Tensor,
    tubes: Tensor,
    video_index: Tensor,
    output_size: tuple[int, int],
    spatial_scale: float,
    weights: Tensor,
) -> Tensor:
    """:func:`actorsup.ops.actor_roi_pool3d` without its checks.

    Eq. 1 and the mean after it are linear in the features: ``V = K · U``, with one matrix K ``(P · Y · X, N · H · W)``
    a video, made of the boxes alone. One product is deterministic, forward and backward.
    """
    compute_type = torch.promote_types(features.dtype, torch.float32)
    weights = weights.to(compute_type)
    total = weights.sum(dim=1, keepdim=True)
    shares = torch.where(total > 0, weights / total, 0)[..., None, None]
    # One video at a time: its matrix is the largest intermediate.
    pooled, order = [features.new_zeros((0, features.shape[2], *output_size), dtype=compute_type)], []
    # Under autocast einsum would round the boxes' weights to half precision; the sum is taken in float32 at least.
    with torch.autocast(features.device.type, enabled=False):
        for video, maps in enumerate(features.unbind(dim=0)):
            of_video = (video_index == video).nonzero().squeeze(1)
            boxes = tubes[of_video].to(compute_type)
            kernels = _kernels(boxes, output_size, maps.shape[2:], spatial_scale, shares[of_video])
            pooled.append(torch.einsum("pnyxhw,nchw->pcyx", kernels, maps.to(compute_type)))
            order.append(of_video)
    if not order:
        return pooled[0].to(features.dtype)
    return torch.cat(pooled)[torch.cat(order).argsort()].to(features.dtype)

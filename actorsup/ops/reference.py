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

    The maps are ``(N, C, H, W)``, the tubes ``(P, N, 4)`` in input pixels. Eq. 1 is linear in the maps, with one matrix
    ``(P · Y · X, H · W)`` a frame, made of the boxes alone. One product of matrices is deterministic, forward and
    backward, and every runtime has it: this is what an exported model does.
    """
    num_rows, num_columns = output_size
    x1, y1, x2, y2 = tubes.to(maps.dtype).transpose(0, 1).contiguous().unbind(dim=-1)  # (N, P)
    over_rows = interpolation_weights(y1, y2, num_rows, maps.shape[2], spatial_scale)
    over_columns = interpolation_weights(x1, x2, num_columns, maps.shape[3], spatial_scale)
    kernel = over_rows[..., :, None, :, None] * over_columns[..., None, :, None, :]  # (N, P, Y, X, H, W)
    pooled = kernel.flatten(4).flatten(1, 3) @ maps.flatten(2).transpose(1, 2)  # (N, P · Y · X, C)
    return pooled.unflatten(1, (-1, num_rows, num_columns)).permute(1, 0, 4, 2, 3)


def actor_roi_pool3d_reference(
    features: Tensor,
    tubes: Tensor,
    video_index: Tensor,
    output_size: tuple[int, int],
    spatial_scale: float,
    weights: Tensor,
) -> Tensor:
    """:func:`actorsup.ops.actor_roi_pool3d` without its checks: the weighted mean of :func:`pool_frames`."""
    compute_type = torch.promote_types(features.dtype, torch.float32)
    weights = weights.to(compute_type)
    total = weights.sum(dim=1, keepdim=True)
    shares = torch.where(total > 0, weights / total, 0)
    # One video at a time: its matrices are the largest intermediate.
    pooled, order = [features.new_zeros((0, features.shape[2], *output_size), dtype=compute_type)], []
    # Autocast would round the boxes' weights to half precision; the sum is taken in float32 at least.
    with torch.autocast(features.device.type, enabled=False):
        for video, maps in enumerate(features.unbind(dim=0)):
            of_video = (video_index == video).nonzero().squeeze(1)
            of_frames = pool_frames(maps.to(compute_type), tubes[of_video], output_size, spatial_scale)
            pooled.append(torch.einsum("pn,pncyx->pcyx", shares[of_video], of_frames))
            order.append(of_video)
    if not order:
        return pooled[0].to(features.dtype)
    return torch.cat(pooled)[torch.cat(order).argsort()].to(features.dtype)

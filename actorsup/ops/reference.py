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
    num_rows, num_columns = output_size
    compute_type = torch.promote_types(features.dtype, torch.float32)
    x1, y1, x2, y2 = tubes.to(compute_type).unbind(dim=-1)
    over_rows = interpolation_weights(y1, y2, num_rows, features.shape[3], spatial_scale)
    over_columns = interpolation_weights(x1, x2, num_columns, features.shape[4], spatial_scale)
    weights = weights.to(compute_type)
    total = weights.sum(dim=1, keepdim=True)
    over_rows = over_rows * torch.where(total > 0, weights / total, 0)[..., None, None]
    # One video at a time: its matrix is the largest intermediate.
    pooled, order = [features.new_zeros((0, features.shape[2], *output_size), dtype=compute_type)], []
    # Under autocast einsum would round the boxes' weights to half precision; the sum is taken in float32 at least.
    with torch.autocast(features.device.type, enabled=False):
        for video, maps in enumerate(features.unbind(dim=0)):
            of_video = (video_index == video).nonzero().squeeze(1)
            kernel = torch.einsum("pnyh,pnxw->pyxnhw", over_rows[of_video], over_columns[of_video])
            pooled.append(torch.einsum("pyxnhw,nchw->pcyx", kernel, maps.to(compute_type)))
            order.append(of_video)
    if not order:
        return pooled[0].to(features.dtype)
    return torch.cat(pooled)[torch.cat(order).argsort()].to(features.dtype)

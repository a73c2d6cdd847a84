"""Actor-of-interest pooling: one feature of fixed size for every tube, from the feature maps of its frames."""

import torch
from torch import Tensor

from .library import is_compiled_for, warn_of_fallback
from .reference import actor_roi_pool3d_reference


def actor_roi_pool3d(
    features: Tensor,
    tubes: Tensor,
    video_index: Tensor,
    output_size: tuple[int, int],
    spatial_scale: float,
    weights: Tensor | None = None,
) -> Tensor:
    """Bilinear pooling inside the moving boxes of tubes, averaged over the frames (Eq. 1 and the mean after it).

    For tube p of video b, with ``k(d) = max(0, 1 − |d|)``::

        V[p, c, j, i] = Σ_n w[p, n] · Σ_h Σ_w U[b, n, c, h, w] · k(h − v[p, n, j]) · k(w − u[p, n, i])  /  Σ_n w[p, n]

        u[p, n, i] = (x1 + (i + ½) / X · (x2 − x1)) · spatial_scale − ½        i = 0 … X − 1
        v[p, n, j] = (y1 + (j + ½) / Y · (y2 − y1)) · spatial_scale − ½        j = 0 … Y − 1

    **Grid.** A box is divided into Y×X equal cells and sampled once at the centre of each. Feature cell ``i`` stands
    for the input pixels ``[i, i + 1] / spatial_scale`` and is centred in their middle, hence the −½. The paper says
    "a uniform sampling grid of size X × Y, inside each actor box" and leaves the placement open.

    **Border.** As in Eq. 1, cells outside the map contribute nothing: a sample fades to zero from the centre of the
    outermost cell on, within one cell. This is ``grid_sample(align_corners=False, padding_mode="zeros")``. Inside, it
    is also ``roi_align(aligned=True, sampling_ratio=1)``, which differs at the border, where it clamps.

    Differentiable in the features, any number of times. The sum is taken in float32 at least, under autocast too, which
    does not concern it: the result is of the features' type. Results and gradients are the same bits in every run and
    for every number of threads. Channels-last frames are read where they are, and on a CPU contiguous ones too; others
    are copied. On a GPU a call waits until it is known that all values can be used; not while a CUDA graph is captured:
    then a tube of values that cannot be used is pooled to anything.

    The work is done by the compiled operator (``csrc/``). Where it was not built, the same is computed by
    :func:`actor_roi_pool3d_reference`, after a warning.

    Args:
        features: U, ``(B, N, C, H, W)``, floating point: feature maps of N frames of B videos.
        tubes: ``(P, N, 4)``, floating point, ``(x1, y1, x2, y2)`` in input pixels; boxes may leave the frame, and may
            be of zero size: then all samples of the box lie at one point.
        video_index: ``(P,)`` int64, which video each tube belongs to, in any order.
        output_size: ``(Y, X)``, rows and columns of the grid.
        spatial_scale: feature cells per input pixel: 1 / stride of the encoder.
        weights: w, ``(P, N)``, how much each frame counts, at least 0; None: all frames alike. A tube whose weights are
            all 0 gets zeros.

    Returns:
        V, ``(P, C, Y, X)`` in the type of the features; ``P = 0`` is fine.

    Raises:
        ValueError: if shapes, types or devices do not fit together, a box is not finite, a weight is negative or not
            finite, a video index is out of range, or a gradient of the boxes or weights is asked for.
    """
    if weights is None:
        weights = tubes.new_ones(tubes.shape[:2])
    _check(features, tubes, video_index, output_size, spatial_scale, weights)
    if is_compiled_for(features.device.type):
        return torch.ops.actorsup.actor_roi_pool3d(
            features, tubes, video_index, weights, tuple(output_size), spatial_scale
        )
    warn_of_fallback(features.device.type)
    _check_values(tubes, video_index, weights, len(features))
    return actor_roi_pool3d_reference(features, tubes, video_index, tuple(output_size), spatial_scale, weights)


def _check(
    features: Tensor,
    tubes: Tensor,
    video_index: Tensor,
    output_size: tuple[int, int],
    spatial_scale: float,
    weights: Tensor,
) -> None:
    if features.ndim != 5 or not features.is_floating_point():
        raise ValueError(
            "features must be floating point of shape (num_videos, num_frames, channels, height, width), "
            f"got {features.dtype} of shape {tuple(features.shape)}"
        )
    num_frames = features.shape[1]
    if tubes.ndim != 3 or tubes.shape[1:] != (num_frames, 4) or not tubes.is_floating_point():
        raise ValueError(
            f"features of {num_frames} frames need floating-point tubes of shape (num_tubes, {num_frames}, 4), "
            f"got {tubes.dtype} of shape {tuple(tubes.shape)}"
        )
    num_tubes = len(tubes)
    if video_index.shape != (num_tubes,) or video_index.dtype != torch.int64:
        raise ValueError(
            f"{num_tubes} tubes need an int64 video_index of shape ({num_tubes},), "
            f"got {video_index.dtype} of shape {tuple(video_index.shape)}"
        )
    if weights.shape != (num_tubes, num_frames):
        raise ValueError(f"weights must have the shape ({num_tubes}, {num_frames}), got {tuple(weights.shape)}")
    devices = {tensor.device for tensor in (features, tubes, video_index, weights)}
    if len(devices) > 1:
        raise ValueError(
            f"features, tubes, video_index and weights must be on one device, got {sorted(map(str, devices))}"
        )
    if len(output_size) != 2 or min(output_size) < 1:
        raise ValueError(f"output_size must be (rows, columns), both at least 1, got {output_size}")
    if not 0 < spatial_scale < float("inf"):
        raise ValueError(f"spatial_scale must be positive and finite, got {spatial_scale}")
    if tubes.requires_grad or weights.requires_grad:
        raise ValueError("the pooling has a gradient for features only: detach tubes and weights")


def _check_values(tubes: Tensor, video_index: Tensor, weights: Tensor, num_videos: int) -> None:
    """What the compiled operator checks itself, so that a compiled graph checks it too."""
    malformed = ~tubes.isfinite().all(dim=-1)
    if malformed.any():
        tube, frame = malformed.nonzero()[0].tolist()
        raise ValueError(f"tubes[{tube}, {frame}] = {tubes[tube, frame].tolist()}: expected finite coordinates")
    malformed = ~(weights.isfinite() & (weights >= 0))
    if malformed.any():
        tube, frame = malformed.nonzero()[0].tolist()
        raise ValueError(f"weights[{tube}, {frame}] = {weights[tube, frame].item()}: expected finite and at least 0")
    malformed = (video_index < 0) | (video_index >= num_videos)
    if malformed.any():
        tube = int(malformed.nonzero()[0])
        raise ValueError(f"video_index[{tube}] = {int(video_index[tube])}: expected 0 to {num_videos - 1}")

"""The operator ``ActorRoIPool3D``: its library, fake kernels, derivatives, and the function."""

import warnings
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from actorsup.installation import build_operator

from .reference import actor_roi_pool3d_reference

LIBRARY = Path(__file__).parent / "libactorsup.so"


def _load() -> str:
    """Load the library; an empty string, or the reason why it cannot be used."""
    if not LIBRARY.is_file():
        return "the operator was not built"
    try:
        torch.ops.load_library(LIBRARY)
    except OSError as error:
        return f"the operator was built for another torch than {torch.__version__} ({str(error).splitlines()[0]})"
    forward, backward = "actorsup::actor_roi_pool3d", "actorsup::actor_roi_pool3d_backward"
    torch.library.register_fake(forward, _fake_forward)
    torch.library.register_fake(backward, _fake_backward)
    torch.library.register_autograd(forward, _differentiate_forward, setup_context=_save_forward)
    torch.library.register_autograd(backward, _differentiate_backward, setup_context=_save_backward)
    return ""


def _fake_forward(features, tubes, video_index, weights, output_size, spatial_scale) -> Tensor:
    return features.new_empty((tubes.shape[0], features.shape[2], *output_size))


def _fake_backward(grad, tubes, video_index, weights, features_size, channels_last, spatial_scale) -> Tensor:
    num_videos, num_frames, channels, height, width = features_size
    if channels_last:
        return grad.new_empty((num_videos, num_frames, height, width, channels)).permute(0, 1, 4, 2, 3)
    return grad.new_empty(features_size)


def _save_forward(ctx, inputs, output) -> None:
    features, tubes, video_index, weights, _, ctx.spatial_scale = inputs
    ctx.features_size = features.shape
    ctx.channels_last = features.permute(0, 1, 3, 4, 2).is_contiguous() and not features.is_contiguous()
    ctx.save_for_backward(tubes, video_index, weights)


def _differentiate_forward(ctx, grad: Tensor) -> tuple:
    options = ctx.features_size, ctx.channels_last, ctx.spatial_scale
    return (
        torch.ops.actorsup.actor_roi_pool3d_backward(grad, *ctx.saved_tensors, *options),
        None,
        None,
        None,
        None,
        None,
    )


def _save_backward(ctx, inputs, output) -> None:
    grad, tubes, video_index, weights, _, _, ctx.spatial_scale = inputs
    ctx.output_size = grad.shape[2:]
    ctx.save_for_backward(tubes, video_index, weights)


def _differentiate_backward(ctx, grad: Tensor) -> tuple:
    """The backward is linear, and its transpose is the pooling itself."""
    pooled = torch.ops.actorsup.actor_roi_pool3d(grad, *ctx.saved_tensors, ctx.output_size, ctx.spatial_scale)
    return pooled, None, None, None, None, None, None


UNUSABLE = _load()
# Asked for once: a graph that is compiled cannot call what returns no tensor.
_BUILD_INFO = UNUSABLE or torch.ops.actorsup.build_info()


def build_info() -> str:
    """What the operator was compiled for: ``"CPU"``, ``"CPU and CUDA (8.0;9.0+PTX)"``, or why there is none."""
    return UNUSABLE or _BUILD_INFO


def is_compiled_for(device_type: str) -> bool:
    """Whether the compiled operator runs on such a device. Meta and fake tensors need none but the fake kernel."""
    if UNUSABLE:
        return False
    return device_type in ("cpu", "meta") or (device_type == "cuda" and "CUDA" in build_info())


@cache
def warn_of_fallback(device_type: str) -> None:
    """Say, once a type of device, that the slow implementation is used and how to build the fast one."""
    reason = UNUSABLE or f"the operator was built for {build_info()} and not for {device_type!r}"
    message = f"actor_roi_pool3d runs in plain PyTorch, many times slower: {reason}. Build it with"
    warnings.warn(f"{message} `{build_operator(cuda=device_type == 'cuda')}`.", RuntimeWarning, stacklevel=3)


def actor_roi_pool3d(
    features: Tensor,
    tubes: Tensor,
    video_index: Tensor,
    output_size: tuple[int, int],
    spatial_scale: float,
    weights: Tensor | None = None,
) -> Tensor:
    """Pool bilinearly inside the moving boxes of tubes, averaged over the frames (Eq. 1 and the mean after it).

    For tube p of video b, with ``k(d) = max(0, 1 − |d|)``::

        V[p, c, j, i] = Σ_n w[p, n] · Σ_h Σ_w U[b, n, c, h, w] · k(h − v[p, n, j]) · k(w − u[p, n, i])  /  Σ_n w[p, n]

        u[p, n, i] = (x1 + (i + ½) / X · (x2 − x1)) · spatial_scale − ½        i = 0 … X − 1
        v[p, n, j] = (y1 + (j + ½) / Y · (y2 − y1)) · spatial_scale − ½        j = 0 … Y − 1

    **Grid.** A box is divided into Y×X equal cells and sampled once at the centre of each; the paper leaves the
    placement open. Feature cell ``i`` stands for the input pixels ``[i, i + 1] / spatial_scale``, hence the −½.

    **Border.** As in Eq. 1, cells outside the map contribute nothing: a sample fades to zero from the centre of the
    outermost cell on, within one cell, as ``grid_sample(align_corners=False, padding_mode="zeros")`` does. Inside, it
    is also ``roi_align(aligned=True, sampling_ratio=1)``, which clamps at the border.

    Differentiable in the features, any number of times, and the same bits in every run with any number of threads. The
    sum is taken in float32 at least, under autocast too. Channels-last frames are read where they are, and on a CPU
    contiguous ones too; others are copied. On a GPU a call waits for the check of its values; while a CUDA graph is
    captured there is none, and a tube of unusable values is pooled to anything.

    Where the compiled operator (``csrc/``) was not built, a warning says so, and plain PyTorch computes the same.

    Args:
        features: U, ``(B, N, C, H, W)``, floating point: feature maps of N frames of B videos.
        tubes: ``(P, N, 4)``, floating point, ``(x1, y1, x2, y2)`` in input pixels; boxes may leave the frame, and may
            be of zero size: then all samples lie at one point.
        video_index: ``(P,)`` int64, which video each tube belongs to, in any order.
        output_size: ``(Y, X)``, rows and columns of the grid.
        spatial_scale: feature cells per input pixel: 1 / stride of the encoder.
        weights: w, ``(P, N)``, at least 0; None: all frames alike. A tube whose weights are all 0 gets zeros.

    Returns:
        V, ``(P, C, Y, X)`` in the type of the features.

    Raises:
        ValueError: if shapes, types, devices or values do not fit, or a gradient of the boxes or weights is asked for.
    """
    if weights is None:
        weights = tubes.new_ones(tubes.shape[:2])
    _check(features, tubes, video_index, output_size, spatial_scale, weights)
    output_size = tuple(output_size)
    if is_compiled_for(features.device.type):
        return torch.ops.actorsup.actor_roi_pool3d(features, tubes, video_index, weights, output_size, spatial_scale)
    warn_of_fallback(features.device.type)
    _check_values(tubes, video_index, weights, len(features))
    return actor_roi_pool3d_reference(features, tubes, video_index, output_size, spatial_scale, weights)


def _check(features, tubes, video_index, output_size, spatial_scale, weights) -> None:
    def got(tensor: Tensor) -> str:
        return f"got {tensor.dtype} of shape {tuple(tensor.shape)}"

    if features.ndim != 5 or not features.is_floating_point():
        shape = "(num_videos, num_frames, channels, height, width)"
        raise ValueError(f"features must be floating point of shape {shape}, {got(features)}")
    num_frames, num_tubes = features.shape[1], len(tubes)
    if tubes.ndim != 3 or tubes.shape[1:] != (num_frames, 4) or not tubes.is_floating_point():
        shape = f"(num_tubes, {num_frames}, 4)"
        raise ValueError(f"features of {num_frames} frames need floating-point tubes of shape {shape}, {got(tubes)}")
    if video_index.shape != (num_tubes,) or video_index.dtype != torch.int64:
        raise ValueError(f"{num_tubes} tubes need an int64 video_index of shape ({num_tubes},), {got(video_index)}")
    if weights.shape != (num_tubes, num_frames):
        raise ValueError(f"weights must have the shape ({num_tubes}, {num_frames}), got {tuple(weights.shape)}")
    devices = {str(tensor.device) for tensor in (features, tubes, video_index, weights)}
    if len(devices) > 1:
        raise ValueError(f"features, tubes, video_index and weights must be on one device, got {sorted(devices)}")
    if len(output_size) != 2 or min(output_size) < 1:
        raise ValueError(f"output_size must be (rows, columns), both at least 1, got {output_size}")
    if not 0 < spatial_scale < float("inf"):
        raise ValueError(f"spatial_scale must be positive and finite, got {spatial_scale}")
    if tubes.requires_grad or weights.requires_grad:
        raise ValueError("the pooling has a gradient for features only: detach tubes and weights")


def _check_values(tubes: Tensor, video_index: Tensor, weights: Tensor, num_videos: int) -> None:
    """Check what the compiled operator checks itself."""
    for name, tensor, malformed, expected in (
        ("tubes", tubes, ~tubes.isfinite().all(dim=-1), "finite coordinates"),
        ("weights", weights, ~(weights.isfinite() & (weights >= 0)), "finite and at least 0"),
        ("video_index", video_index, (video_index < 0) | (video_index >= num_videos), f"0 to {num_videos - 1}"),
    ):
        if malformed.any():
            place = malformed.nonzero()[0].tolist()
            raise ValueError(f"{name}{place} = {tensor[tuple(place)].tolist()}: expected {expected}")

"""What torch is told about the compiled operators, beside the kernels: the shapes of results and the gradients."""

import torch
from torch import Tensor


def register() -> None:
    """Register fake kernels and gradients, once, after the library was loaded."""
    torch.library.register_fake("actorsup::actor_roi_pool3d", _empty_pooled)
    torch.library.register_autograd(
        "actorsup::actor_roi_pool3d", _gradient_of_features, setup_context=_save_for_gradient_of_features
    )
    torch.library.register_fake("actorsup::actor_roi_pool3d_backward", _empty_grad_features)
    torch.library.register_autograd(
        "actorsup::actor_roi_pool3d_backward", _gradient_of_grad, setup_context=_save_for_gradient_of_grad
    )


def _empty_pooled(
    features: Tensor, tubes: Tensor, video_index: Tensor, weights: Tensor, output_size: list[int], spatial_scale: float
) -> Tensor:
    return features.new_empty((tubes.shape[0], features.shape[2], *output_size))


def _empty_grad_features(
    grad: Tensor,
    tubes: Tensor,
    video_index: Tensor,
    weights: Tensor,
    features_size: list[int],
    channels_last: bool,
    spatial_scale: float,
) -> Tensor:
    num_videos, num_frames, channels, height, width = features_size
    if channels_last:
        return grad.new_empty((num_videos, num_frames, height, width, channels)).permute(0, 1, 4, 2, 3)
    return grad.new_empty(features_size)


def _is_channels_last(features: Tensor) -> bool:
    return features.permute(0, 1, 3, 4, 2).is_contiguous() and not features.is_contiguous()


def _save_for_gradient_of_features(ctx, inputs, output) -> None:
    features, tubes, video_index, weights, _, ctx.spatial_scale = inputs
    ctx.features_size, ctx.channels_last = features.shape, _is_channels_last(features)
    ctx.save_for_backward(tubes, video_index, weights)


def _gradient_of_features(ctx, grad: Tensor) -> tuple:
    grad_features = torch.ops.actorsup.actor_roi_pool3d_backward(
        grad, *ctx.saved_tensors, ctx.features_size, ctx.channels_last, ctx.spatial_scale
    )
    return grad_features, None, None, None, None, None


def _save_for_gradient_of_grad(ctx, inputs, output) -> None:
    grad, tubes, video_index, weights, _, _, ctx.spatial_scale = inputs
    ctx.output_size = grad.shape[2:]
    ctx.save_for_backward(tubes, video_index, weights)


def _gradient_of_grad(ctx, grad_of_grad_features: Tensor) -> tuple:
    """The backward is linear, and its transpose is the pooling itself."""
    grad = torch.ops.actorsup.actor_roi_pool3d(
        grad_of_grad_features, *ctx.saved_tensors, ctx.output_size, ctx.spatial_scale
    )
    return grad, None, None, None, None, None, None

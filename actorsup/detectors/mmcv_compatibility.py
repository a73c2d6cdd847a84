"""What mmdet needs where mmcv's operators are not built, and fixes of its SSD and of its language model.

mmdet cannot be imported without ``mmcv._ext``, mmcv's one extension module. The substitute has, by torchvision's
operators of the same definition or in plain PyTorch, what detectors of one and two stages, DETR's kin and deformable
convolutions need, forward and backward; every other operator raises an error when it is called.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from sys import modules
from types import ModuleType, SimpleNamespace

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn
from torchvision.ops import deform_conv2d, nms, roi_align

from actorsup.errors import InputError
from actorsup.installation import build_mmcv_operators
from actorsup.registry import HOOKS

EXTENSION = "mmcv._ext"


def provide_mmcv_operators() -> bool:
    """Install the substitute, unless mmcv has its operators, before mmdet is imported; return whether it is in use."""
    try:
        return isinstance(import_module(EXTENSION), SubstituteOperators)
    except ImportError:
        modules[EXTENSION] = SubstituteOperators()
        return True


class SubstituteOperators(ModuleType):
    """The module ``mmcv._ext``, by what torchvision has."""

    def __init__(self) -> None:
        super().__init__(EXTENSION, __doc__)
        self.__spec__ = ModuleSpec(EXTENSION, loader=None)

    @staticmethod
    def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
        """Indices of the boxes ``(N, 4)`` to keep, best score ``(N,)`` first.

        ``offset`` is 1 if a box includes the pixels of its last row and column, so that its width is ``x2 − x1 + 1``.
        """
        order = scores.argsort(descending=True)  # of equal scores mmcv's first, which is not torchvision's
        return order[nms((boxes + boxes.new_tensor([0, 0, offset, offset]))[order], scores[order], iou_threshold)]

    @staticmethod
    def roi_align_forward(
        input: Tensor,
        rois: Tensor,
        output: Tensor,
        argmax_y: Tensor,
        argmax_x: Tensor,
        aligned_height: int,
        aligned_width: int,
        spatial_scale: float,
        sampling_ratio: int,
        pool_mode: int,
        aligned: bool,
    ) -> None:
        """Fill ``output`` ``(K, C, H, W)`` with what ``rois`` ``(K, 5)`` cover of ``input`` ``(B, C, H', W')``."""
        size = aligned_height, aligned_width
        output.copy_(_roi_align(input, rois, size, spatial_scale, sampling_ratio, pool_mode, aligned))

    @staticmethod
    def roi_align_backward(
        grad_output: Tensor,
        rois: Tensor,
        argmax_y: Tensor,
        argmax_x: Tensor,
        grad_input: Tensor,
        aligned_height: int,
        aligned_width: int,
        spatial_scale: float,
        sampling_ratio: int,
        pool_mode: int,
        aligned: bool,
    ) -> None:
        """Fill ``grad_input``; the pooling is linear, so its gradient is the same at any input."""
        size = aligned_height, aligned_width
        _fill(
            [grad_input],
            grad_output,
            lambda maps: _roi_align(maps, rois, size, spatial_scale, sampling_ratio, pool_mode, aligned),
            [torch.zeros_like(grad_input)],
        )

    @staticmethod
    def ms_deform_attn_forward(
        value: Tensor, shapes: Tensor, level_starts: Tensor, locations: Tensor, weights: Tensor, im2col_step: int
    ) -> Tensor:
        """Multi-scale deformable attention by mmcv's own function in plain PyTorch, which it uses on the CPU."""
        return _attention()(value, shapes, locations, weights)

    @staticmethod
    def ms_deform_attn_backward(
        value: Tensor,
        shapes: Tensor,
        level_starts: Tensor,
        locations: Tensor,
        weights: Tensor,
        grad_output: Tensor,
        grad_value: Tensor,
        grad_locations: Tensor,
        grad_weights: Tensor,
        im2col_step: int,
    ) -> None:
        """Fill the gradients of value, locations and weights."""
        _fill(
            [grad_value, grad_locations, grad_weights],
            grad_output,
            lambda value, locations, weights: _attention()(value, shapes, locations, weights),
            [value, locations, weights],
        )

    @staticmethod
    def deform_conv_forward(
        input, weight, offset, output, columns, ones, *, im2col_step, group, deformable_group, **sizes
    ):
        """Fill ``output`` with a deformable convolution of version 1: without a mask, and so without bias."""
        output.copy_(_convolution(input, offset, None, weight, None, **sizes))

    @staticmethod
    def deform_conv_backward_input(
        input,
        offset,
        grad_output,
        grad_input,
        grad_offset,
        weight,
        columns,
        *,
        im2col_step,
        group,
        deformable_group,
        **sizes,
    ):
        """Fill the gradients of input and offset."""
        _fill(
            [grad_input, grad_offset],
            grad_output,
            lambda input, offset: _convolution(input, offset, None, weight, None, **sizes),
            [input, offset],
        )

    @staticmethod
    def deform_conv_backward_parameters(
        input, offset, grad_output, grad_weight, columns, ones, *, scale, im2col_step, group, deformable_group, **sizes
    ):
        """Fill the gradient of the weight."""
        _fill(
            [grad_weight],
            grad_output,
            lambda weight: scale * _convolution(input, offset, None, weight, None, **sizes),
            [torch.zeros_like(grad_weight)],
        )

    @staticmethod
    def modulated_deform_conv_forward(
        input, weight, bias, ones, offset, mask, output, columns, *, group, deformable_group, with_bias, **sizes
    ):
        """Fill ``output`` with a deformable convolution of version 2."""
        output.copy_(_convolution(input, offset, mask, weight, bias if with_bias else None, **sizes))

    @staticmethod
    def modulated_deform_conv_backward(
        input,
        weight,
        bias,
        ones,
        offset,
        mask,
        columns,
        grad_input,
        grad_weight,
        grad_bias,
        grad_offset,
        grad_mask,
        grad_output,
        *,
        group,
        deformable_group,
        with_bias,
        **sizes,
    ):
        """Fill the gradients of all that it takes."""
        _fill(
            [grad_input, grad_offset, grad_mask, grad_weight, *([grad_bias] if with_bias else [])],
            grad_output,
            lambda *values: _convolution(*values, *([] if with_bias else [None]), **sizes),
            [input, offset, mask, weight, *([bias] if with_bias else [])],
        )

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("__"):
            raise AttributeError(f"module {EXTENSION!r} has no attribute {name!r}")

        def missing(*arguments, **options):
            raise InputError(
                f"the detector needs mmcv's operator {name}, and mmcv was built without operators. Build them in about "
                f"15 minutes: `make setup WITH_MMCV_OPS=1` in a clone, or `{build_mmcv_operators()}`"
            )

        return missing


def _roi_align(
    maps: Tensor, rois: Tensor, size: tuple[int, int], scale: float, sampling_ratio: int, pool_mode: int, aligned: bool
) -> Tensor:
    if pool_mode != 1:
        raise InputError(
            "the detector pools the maximum of a region's samples, which mmcv's operators alone can: build them"
        )
    return roi_align(maps, rois.type_as(maps), size, scale, sampling_ratio, aligned)


def _attention() -> Callable:
    return import_module("mmcv.ops.multi_scale_deform_attn").multi_scale_deformable_attn_pytorch


def _convolution(
    input: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, bias: Tensor | None, **sizes: int
) -> Tensor:
    """Torchvision's; both take offsets as y, x of each place of the kernel, group after group.

    GLIP's head hands over offsets and masks of maps larger than the output, and was trained with what mmcv makes of
    them: it reads the numbers of each image one after the other, as if they had the output's size, and leaves the rest.
    """
    stride, padding, dilation = (
        (sizes.get(f"{name}_h", sizes.get(f"{short}H")), sizes.get(f"{name}_w", sizes.get(f"{short}W")))
        for name, short in (("stride", "d"), ("pad", "pad"), ("dilation", "dilation"))
    )
    spans = [step * (length - 1) + 1 for step, length in zip(dilation, weight.shape[2:], strict=True)]
    size = [
        (length + 2 * pad - span) // step + 1
        for length, pad, span, step in zip(input.shape[2:], padding, spans, stride, strict=True)
    ]
    offset, mask = (
        value if value is None or list(value.shape[2:]) == size else _read_as(value, size) for value in (offset, mask)
    )
    return deform_conv2d(input, offset, weight, bias, stride, padding, dilation, mask)


def _read_as(maps: Tensor, size: Sequence[int]) -> Tensor:
    """The first numbers of each image's maps ``(B, C, H, W)`` as maps of a smaller size."""
    shape = (*maps.shape[:2], *size)
    return maps.flatten(1)[:, : shape[1] * shape[2] * shape[3]].reshape(shape)


def _fill(gradients: Sequence[Tensor], of_output: Tensor, function: Callable, values: Sequence[Tensor]) -> None:
    """Add to ``gradients`` those of a function at ``values``."""
    with torch.enable_grad():
        values = [value.detach().requires_grad_() for value in values]
        found = torch.autograd.grad(function(*values), values, of_output)
    for gradient, value in zip(gradients, found, strict=True):
        gradient.add_(value)


@contextmanager
def language_model_of_its_config() -> Iterator[None]:
    """Let mmdet's BERT be built of its configuration alone: the detector's checkpoint has its weights.

    The folder that a config names then needs ``config.json`` and the tokenizer's files, and no weights.
    """
    bert = import_module("mmdet.models.language_models.bert")
    original = bert.HFBertModel

    def build(name: str, add_pooling_layer: bool, config) -> nn.Module:
        return original(config, add_pooling_layer=add_pooling_layer)

    bert.HFBertModel = SimpleNamespace(from_pretrained=build)
    try:
        yield
    finally:
        bert.HFBertModel = original


def fix_language_model(model: nn.Module) -> None:
    """Let mmdet 3.5, made for transformers 4, call transformers 5, which has other names and wants other masks."""
    language_model = getattr(model, "language_model", None)
    if language_model is None:
        return
    if not hasattr(language_model.tokenizer, "batch_encode_plus"):
        language_model.tokenizer.batch_encode_plus = language_model.tokenizer.__call__
    language_model.language_backbone.body.model.register_forward_pre_hook(_add_mask, with_kwargs=True)


def _add_mask(model: nn.Module, arguments: tuple, options: dict) -> tuple[tuple, dict]:
    """Turn which token sees which ``(B, T, T)`` into what is added to attention ``(B, 1, T, T)``: both take that."""
    seen = options["attention_mask"]
    if seen.ndim == 3:
        hidden = torch.zeros_like(seen, dtype=model.dtype).masked_fill(~seen.bool(), torch.finfo(model.dtype).min)
        options = {**options, "attention_mask": hidden[:, None]}
    return arguments, options


def fix_ssd_heads(model: nn.Module) -> None:
    """Give ``SSDHead`` the ``loss_cls`` without which no SSD of mmdet 3.3 or later predicts (mmdet's issue 11780)."""
    for module in model.modules():
        if type(module).__name__ == "SSDHead" and not hasattr(module, "loss_cls"):
            module.loss_cls = None


def fix_reference_points(model: nn.Module) -> None:
    """Let Grounding DINO run, whose decoder gets a position of 4·C numbers from DINO's in mmdet 3.5 and takes 2·C.

    The coarser encoding that it takes, and was trained with, is every second pair of sine and cosine of the finer one.
    """
    head = getattr(getattr(model, "decoder", None), "ref_point_head", None)
    if head is None:
        return

    def coarsen(_: nn.Module, positions: tuple[Tensor]) -> tuple[Tensor] | None:
        (position,) = positions
        if position.shape[-1] != 2 * head.layers[0].in_features:
            return None
        return (position.unflatten(-1, (-1, 2, 2))[..., 0, :].flatten(-2),)

    head.register_forward_pre_hook(coarsen)


@HOOKS.register_module()
class SSDHeadCompatibilityHook(Hook):
    """:func:`fix_ssd_heads` for a model that mmengine's Runner trains or tests: validation predicts."""

    def before_run(self, runner: Runner) -> None:
        """Fix the runner's model."""
        fix_ssd_heads(runner.model)

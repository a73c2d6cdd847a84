"""The seam between frames and feature maps."""

import copy
import math
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.checkpoint import checkpoint

from actorsup.errors import InputError
from actorsup.registry import MODELS

_MEASURED_SIZES = (256, 512)
_MEASURED_LENGTHS = (16, 32)


class Encoder(BaseModule):
    """Turns frames into feature maps (Section 3.2, "Video encoder").

    The pooling takes feature cell ``i`` to be centred ``stride · (i + ½)`` input pixels from the border;
    :func:`actorsup.models.encoders.measure_cell_center` measures where it is. Map ``j`` of a video encoder stands for
    the sampled frames from ``temporal_stride · j`` to before ``temporal_stride · (j + 1)``, the last one for those of
    them that there are: ``N`` frames have ``N' = ⌈N / temporal_stride⌉`` maps.
    """

    stride: int  #: input pixels per feature cell, the same along both axes
    out_channels: int  #: channels of the feature maps, the paper's C
    temporal_stride: int = 1  #: sampled frames per map
    takes_clips: bool = False  #: whether ``forward`` takes clips, for frames say something about each other

    @abstractmethod
    def forward(self, frames: Tensor) -> Tensor:
        """Feature maps ``(B·N, C, H', W')`` of normalised RGB frames ``(B·N, 3, H, W)``.

        With ``takes_clips``: ``(B, N', C, H', W')`` of clips ``(B, N, 3, H, W)``.
        """

    def encode(self, clips: Tensor) -> Tensor:
        """Feature maps ``(B, N', C, H', W')`` of clips ``(B, N, 3, H, W)``, whatever ``forward`` takes."""
        return self(clips) if self.takes_clips else self(clips.flatten(0, 1)).unflatten(0, clips.shape[:2])


class CutModel(Encoder):
    """A network of a library, cut where its maps have some stride, and helped to centre its cells.

    Args:
        padding: input pixels of zeros added to all four sides of the normalised frame, for networks whose cell ``i``
            lies that many pixels too far right and down.
        skipped_cells: cells then dropped at the left and at the top of the map, for networks whose first cell is
            centred on the first pixel.
    """

    def __init__(self, padding: int = 0, skipped_cells: int = 0) -> None:
        super().__init__()
        if padding < 0 or skipped_cells < 0:
            raise InputError(f"padding and skipped_cells must be at least 0, got {padding} and {skipped_cells}")
        self.padding, self.skipped_cells = padding, skipped_cells

    @abstractmethod
    def maps(self, frames: Tensor) -> Tensor:
        """What the network gives, ``(B·N, C, H', W')``, of padded frames."""

    def forward(self, frames: Tensor) -> Tensor:
        """Feature maps ``(B·N, C, H', W')`` of normalised frames ``(B·N, 3, H, W)``."""
        frames = F.pad(frames, (self.padding,) * 4)
        if frames.device.type == "cpu":  # oneDNN's kernels for this layout: 1.2 to 1.5 times as fast, forward and back
            frames = frames.contiguous(memory_format=torch.channels_last)
        return self.maps(frames)[..., self.skipped_cells :, self.skipped_cells :]


@MODELS.register_module()
class FrozenEncoder(Encoder):
    """Another encoder whose weights and statistics of batch norm do not change; the paper tunes all parameters."""

    def __init__(self, encoder: dict) -> None:
        super().__init__()
        self.encoder = MODELS.build(encoder).requires_grad_(False)
        self.stride, self.out_channels = self.encoder.stride, self.encoder.out_channels
        self.temporal_stride, self.takes_clips = self.encoder.temporal_stride, self.encoder.takes_clips

    def train(self, mode: bool = True) -> "FrozenEncoder":
        """Stay in evaluation mode."""
        super().train(mode)
        self.encoder.eval()
        return self

    @torch.no_grad()
    def forward(self, frames: Tensor) -> Tensor:
        """Feature maps without a gradient, of frames or of clips."""
        if not frames.is_cpu or torch.compiler.is_exporting():
            return self.encoder(frames)
        # On a CPU one frame or clip after the other: what its layers give stays in the cache, and takes no new memory.
        return torch.cat([self.encoder(some) for some in frames.split(1)])


def padded_frames(frames: Tensor, stride: int) -> Tensor:
    """Frames ``(…, H, W)`` with zeros at the right and below up to sides that the stride divides."""
    return F.pad(frames, (0, -frames.shape[-1] % stride, 0, -frames.shape[-2] % stride))


def padded_clips(clips: Tensor, stride: int, padding: int = 0) -> Tensor:
    """Clips ``(B, N, 3, H, W)`` with the first and last frame repeated ``padding`` times.

    And the last one until the stride divides ``N``: models of clips drop what is left over.
    """
    num_frames = clips.shape[1]
    if not padding and num_frames % stride == 0:
        return clips
    times = torch.arange(-padding, num_frames + -num_frames % stride + padding, device=clips.device)
    return clips[:, times.clamp(0, num_frames - 1)]


def recompute_blocks(encoder: nn.Module) -> None:
    """Let the blocks of an encoder keep their inputs alone for the backward pass, and compute the rest of it again.

    Blocks are what a model repeats: modules of one class that follow each other in a list or sequence, such as the
    layers of a transformer; of nested ones the innermost. Statistics of batch norm are updated once all the same.

    Raises:
        InputError: if it has none.
    """
    blocks = _blocks(encoder)
    if not blocks:
        raise InputError(f"{type(encoder).__name__} repeats no block that could be computed again: checkpointing=False")
    for block in blocks:
        # Not a closure: a copy of the model has to call its own blocks.
        block.forward = partial(_recomputed, block)


def _blocks(module: nn.Module) -> list[nn.Module]:
    blocks = []
    for child in module.children():
        inside = _blocks(child)
        alike = isinstance(module, nn.Sequential | nn.ModuleList) and sum(type(a) is type(child) for a in module) > 1
        composite = sum(any(True for _ in leaf.parameters(recurse=False)) for leaf in child.modules()) > 1
        blocks += [child] if alike and composite and not inside else inside
    return blocks


def _recomputed(block: nn.Module, *arguments, **options):
    forward = partial(type(block).forward, block)
    if not torch.is_grad_enabled():
        return forward(*arguments, **options)
    contexts = partial(_contexts, block)
    return checkpoint(forward, *arguments, use_reentrant=False, context_fn=contexts, **options)


def _contexts(block: nn.Module) -> tuple[AbstractContextManager, AbstractContextManager]:
    return nullcontext(), _without_statistics(block)


@contextmanager
def _without_statistics(block: nn.Module) -> Iterator[None]:
    norms = [module for module in block.modules() if getattr(module, "track_running_stats", False)]
    before = [(norm.momentum, norm.num_batches_tracked.clone()) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, count) in zip(norms, before, strict=True):
            norm.momentum = momentum
            norm.num_batches_tracked.copy_(count)


def measure_strides(encoder: Encoder, model: str, sizes: tuple[int, int] = _MEASURED_SIZES) -> tuple[int, int, int]:
    """Stride in time, channels and stride of the maps of an encoder; of frames the first is 1.

    From the shapes of outputs of two ``sizes`` in pixels, and lengths, on the meta device, which computes shapes only.

    Raises:
        InputError: naming the ``model``, if it does not take inputs of any size, or what it gives is no map with
            whole-numbered strides.
    """
    state = {key: tensor.to("meta") for key, tensor in (*encoder.named_parameters(), *encoder.named_buffers())}
    lengths = _MEASURED_LENGTHS if encoder.takes_clips else (1, 1)
    inputs = [(length, 3, size, size) for length, size in zip(lengths, sizes, strict=True)]
    clips = [torch.empty((1, *shape) if encoder.takes_clips else shape, device="meta") for shape in inputs]
    try:
        with torch.no_grad():
            small, large = (tuple(functional_call(encoder, state, frames).shape) for frames in clips)
    except (RuntimeError, AssertionError, ValueError) as error:
        what = "clips" if encoder.takes_clips else "images"
        raise InputError(f"{model} does not take {what} of any size: {error}") from error
    if len(small) == len(large) == clips[0].ndim and small[-3] == large[-3] and small[-1] == small[-2]:
        growth = [(sizes, small[-1], large[-1])]
        if encoder.takes_clips:
            growth.append((_MEASURED_LENGTHS, small[1], large[1]))
        if all(after > before and (ends[1] - ends[0]) % (after - before) == 0 for ends, before, after in growth):
            stride, *in_time = ((ends[1] - ends[0]) // (after - before) for ends, before, after in growth)
            return (*in_time, small[-3], stride) if in_time else (1, small[-3], stride)
    raise InputError(
        f"{model} gives {small} and {large} for inputs of {sizes} pixels: expected maps "
        "(…, channels, height, width) that grow with the input by a whole-numbered stride"
    )


def measure_cell_center(encoder: Encoder, size: tuple[int, ...], cell: tuple[int, ...]) -> tuple[float, ...]:
    """The centre ``(y, x)`` of a feature cell's receptive field in input pixels, to compare with ``stride · (i + ½)``.

    It is the centroid of the gradient of ``cell``, ``(row, column)``, with respect to an input of ``size``, ``(height,
    width)``, in a copy of the encoder with equal, positive weights and average pooling, so that no path through the
    network cancels another. Attention is left out of it, for that looks at all places: what is measured is where the
    rest of a transformer, from the patches on, takes a cell to be; and so are layer norms, which look at one place.
    Choose a large input and a cell in its middle: a receptive field that the border cuts off is not centred, nor is
    that of a network with other global operations (squeeze-and-excitation).

    Of an encoder that ``takes_clips`` the size is ``(frames, height, width)``, the cell ``(map, row, column)``, and the
    centre ``(t, y, x)``, to compare with ``temporal_stride · (j + ½)`` frames too: frame ``t`` lasts from ``t`` to
    ``t + 1``.
    """
    probe = _without_cancellation(encoder).eval()
    length = size[:1] if encoder.takes_clips else (1,)
    # So small that no ReLU6 saturates.
    clip = torch.full((1, *length, 3, *size[-2:]), 1e-9, dtype=torch.float64, requires_grad=True)
    of_map, row, column = cell if encoder.takes_clips else (0, *cell)
    (gradient,) = torch.autograd.grad(probe.encode(clip)[0, of_map, :, row, column].sum(), clip)
    mass = gradient[0].sum(dim=1)  # (N, H, W)
    mass = mass if encoder.takes_clips else mass[0]
    axes = range(mass.ndim)
    along = [mass.sum(dim=[other for other in axes if other != axis]) for axis in axes]
    return tuple(float(of @ (torch.arange(len(of), dtype=of.dtype) + 0.5) / of.sum()) for of in along)


def _without_cancellation(encoder: Encoder) -> Encoder:
    probe = copy.deepcopy(encoder).double().cpu()
    for name, module in list(probe.named_modules()):
        if isinstance(module, nn.MaxPool2d | nn.MaxPool3d):
            pool = nn.AvgPool2d if isinstance(module, nn.MaxPool2d) else nn.AvgPool3d
            _exchange(probe, name, pool(module.kernel_size, module.stride, module.padding, module.ceil_mode))
        elif isinstance(module, nn.LayerNorm):
            _exchange(probe, name, nn.Identity())
        elif isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear):
            nn.init.constant_(module.weight, 1 / math.prod(module.weight.shape[1:]))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            module.reset_running_stats()
            module.reset_parameters()
    for module in probe.modules():
        kind = type(module).__name__
        if "Attention" in kind and "Pool" not in kind:
            for linear in [one for one in module.modules() if isinstance(one, nn.Linear)][-1:]:
                nn.init.zeros_(linear.weight)  # the projection of what was attended to
    return probe


def _exchange(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, module)

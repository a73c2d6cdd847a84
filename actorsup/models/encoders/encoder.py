"""The seam between frames and feature maps."""

import copy
import math
from abc import abstractmethod

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from actorsup.errors import InputError
from actorsup.registry import MODELS


class Encoder(BaseModule):
    """Turns frames into feature maps (Section 3.2, "Video encoder").

    The pooling takes feature cell ``i`` to be centred ``stride · (i + ½)`` input pixels from the border;
    :func:`actorsup.models.encoders.measure_cell_center` measures where it is.
    """

    stride: int  #: input pixels per feature cell, the same along both axes
    out_channels: int  #: channels of the feature maps, the paper's C

    @abstractmethod
    def forward(self, frames: Tensor) -> Tensor:
        """Feature maps ``(B·N, C, H', W')`` of normalised RGB frames ``(B·N, 3, H, W)``."""


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

    def train(self, mode: bool = True) -> "FrozenEncoder":
        """Stay in evaluation mode."""
        super().train(mode)
        self.encoder.eval()
        return self

    @torch.no_grad()
    def forward(self, frames: Tensor) -> Tensor:
        """Feature maps without a gradient."""
        if not frames.is_cpu or torch.compiler.is_exporting():
            return self.encoder(frames)
        # On a CPU one frame after the other: what its layers give stays in the cache, and takes no new memory.
        return torch.cat([self.encoder(some) for some in frames.split(1)])


def measure_cell_center(encoder: Encoder, size: tuple[int, int], cell: tuple[int, int]) -> tuple[float, float]:
    """The centre ``(y, x)`` of a feature cell's receptive field in input pixels, to compare with ``stride · (i + ½)``.

    It is the centroid of the gradient of ``cell``, ``(row, column)``, with respect to an input of ``size``, ``(height,
    width)``, in a copy of the encoder with equal, positive weights and average pooling, so that no path through the
    network cancels another. Choose a large input and a cell in its middle: a receptive field that the border cuts off
    is not centred, nor is that of a network with global operations (squeeze-and-excitation, attention).
    """
    probe = _without_cancellation(encoder).eval()
    # So small that no ReLU6 saturates.
    frames = torch.full((1, 3, *size), 1e-9, dtype=torch.float64, requires_grad=True)
    response = probe(frames)[0, :, cell[0], cell[1]].sum()
    (gradient,) = torch.autograd.grad(response, frames)
    mass = gradient[0].sum(dim=0)
    rows, columns = (torch.arange(length, dtype=mass.dtype) + 0.5 for length in size)
    return float(mass.sum(dim=1) @ rows / mass.sum()), float(mass.sum(dim=0) @ columns / mass.sum())


def _without_cancellation(encoder: Encoder) -> nn.Module:
    probe = copy.deepcopy(encoder).double().cpu()
    for name, module in list(probe.named_modules()):
        if isinstance(module, nn.MaxPool2d):
            average = nn.AvgPool2d(module.kernel_size, module.stride, module.padding, module.ceil_mode)
            parent, _, child = name.rpartition(".")
            setattr(probe.get_submodule(parent), child, average)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.constant_(module.weight, 1 / math.prod(module.weight.shape[1:]))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.reset_parameters()
    return probe

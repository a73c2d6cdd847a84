"""The seam between frames and feature maps."""

from abc import abstractmethod

from mmengine.model import BaseModule
from torch import Tensor


class Encoder(BaseModule):
    """Turns frames into feature maps (Section 3.2, "Video encoder").

    The pooling takes feature cell ``i`` to be centred ``stride · (i + ½)`` input pixels from the border;
    :func:`actorsup.models.encoders.measure_cell_center` measures where it is.

    Attributes:
        stride: input pixels per feature cell, the same along both axes.
        out_channels: channels of the feature maps, the paper's C.
    """

    stride: int
    out_channels: int

    @abstractmethod
    def forward(self, frames: Tensor) -> Tensor:
        """Feature maps ``(B·N, C, H', W')`` of normalised RGB frames ``(B·N, 3, H, W)``."""

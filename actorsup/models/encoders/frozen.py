"""An encoder that is not trained."""

import torch
from torch import Tensor

from actorsup.registry import MODELS

from .base import Encoder


@MODELS.register_module()
class FrozenEncoder(Encoder):
    """Another encoder with the weights that it begins with: neither they nor statistics of batch norm change.

    To compare with the paper's tuning of all parameters ("we train our entire actor attention module end-to-end").

    Args:
        encoder: config of the encoder.
    """

    def __init__(self, encoder: dict) -> None:
        super().__init__()
        self.encoder = MODELS.build(encoder).requires_grad_(False)
        self.stride = self.encoder.stride
        self.out_channels = self.encoder.out_channels

    def train(self, mode: bool = True) -> "FrozenEncoder":
        """Stay as in testing, whatever ``mode`` is."""
        super().train(mode)
        self.encoder.eval()
        return self

    @torch.no_grad()
    def forward(self, frames: Tensor) -> Tensor:
        """See ``Encoder.forward``; no gradient comes back."""
        return self.encoder(frames)

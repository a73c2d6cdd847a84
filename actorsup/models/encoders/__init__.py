"""Encoders: frames in, feature maps out."""

from .encoder import CutModel, Encoder, FrozenEncoder, measure_cell_center
from .timm_encoder import TimmEncoder
from .torchvision_encoder import TorchvisionEncoder, VGG16Encoder

__all__ = [
    "CutModel",
    "Encoder",
    "FrozenEncoder",
    "TimmEncoder",
    "TorchvisionEncoder",
    "VGG16Encoder",
    "measure_cell_center",
]

"""Encoders: frames in, feature maps out."""

from .encoder import Encoder, FrozenEncoder, measure_cell_center
from .torchvision_encoder import TorchvisionEncoder, VGG16Encoder

__all__ = ["Encoder", "FrozenEncoder", "TorchvisionEncoder", "VGG16Encoder", "measure_cell_center"]

"""Encoders: frames in, feature maps out."""

from .alignment import measure_cell_center
from .base import Encoder
from .torchvision_encoder import TorchvisionEncoder
from .vgg16 import VGG16Encoder

__all__ = ["Encoder", "TorchvisionEncoder", "VGG16Encoder", "measure_cell_center"]

"""Encoders: frames in, feature maps out."""

from .alignment import measure_cell_center
from .base import Encoder
from .cutting import cut_torchvision_model
from .pretrained import load_torchvision_weights
from .torchvision_encoder import TorchvisionEncoder
from .vgg16 import VGG16Encoder

__all__ = [
    "Encoder",
    "TorchvisionEncoder",
    "VGG16Encoder",
    "cut_torchvision_model",
    "load_torchvision_weights",
    "measure_cell_center",
]

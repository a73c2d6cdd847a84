"""Encoders: frames in, feature maps out."""

from .encoder import Encoder, FrozenEncoder, measure_cell_center
from .torchvision_encoder import (
    TorchvisionEncoder,
    VGG16Encoder,
    cut_torchvision_model,
    load_torchvision_weights,
    vgg16_layers,
)

__all__ = [
    "Encoder",
    "FrozenEncoder",
    "TorchvisionEncoder",
    "VGG16Encoder",
    "cut_torchvision_model",
    "load_torchvision_weights",
    "measure_cell_center",
    "vgg16_layers",
]

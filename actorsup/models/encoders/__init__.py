"""Encoders: frames or clips in, feature maps out."""

from .encoder import CutModel, Encoder, FrozenEncoder, measure_cell_center, recompute_blocks
from .open_clip_encoder import OpenClipEncoder
from .timm_encoder import TimmEncoder
from .torchvision_encoder import TorchvisionEncoder, VGG16Encoder
from .torchvision_video_encoder import TorchvisionVideoEncoder
from .transformers_video_encoder import TransformersVideoEncoder

__all__ = [
    "CutModel",
    "Encoder",
    "FrozenEncoder",
    "OpenClipEncoder",
    "TimmEncoder",
    "TorchvisionEncoder",
    "TorchvisionVideoEncoder",
    "TransformersVideoEncoder",
    "VGG16Encoder",
    "measure_cell_center",
    "recompute_blocks",
]

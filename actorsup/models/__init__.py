"""The model that learns from video labels and ranks tubes, and its parts."""

from .data_preprocessor import VideoDataPreprocessor
from .encoders import Encoder, TorchvisionEncoder, VGG16Encoder
from .heads import (
    LogSumExpHead,
    MaximumHead,
    MeanHead,
    SoftmaxAttentionHead,
    SupervisedTubeHead,
    TopKAttentionHead,
    TubeHead,
)
from .localizer import ActorLocalizer
from .pooling import ActorRoIPool3D

__all__ = [
    "ActorLocalizer",
    "ActorRoIPool3D",
    "Encoder",
    "LogSumExpHead",
    "MaximumHead",
    "MeanHead",
    "SoftmaxAttentionHead",
    "SupervisedTubeHead",
    "TopKAttentionHead",
    "TorchvisionEncoder",
    "TubeHead",
    "VGG16Encoder",
    "VideoDataPreprocessor",
]

"""The model that learns from video labels and ranks tubes, and its parts."""

from .data_preprocessor import VideoDataPreprocessor
from .encoders import Encoder, FrozenEncoder, TorchvisionEncoder, VGG16Encoder
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
from .post_processing import PostProcessing, TemporalTrimming, TubeNMS

__all__ = [
    "ActorLocalizer",
    "ActorRoIPool3D",
    "Encoder",
    "FrozenEncoder",
    "LogSumExpHead",
    "MaximumHead",
    "MeanHead",
    "PostProcessing",
    "SoftmaxAttentionHead",
    "SupervisedTubeHead",
    "TemporalTrimming",
    "TopKAttentionHead",
    "TorchvisionEncoder",
    "TubeHead",
    "TubeNMS",
    "VGG16Encoder",
    "VideoDataPreprocessor",
]

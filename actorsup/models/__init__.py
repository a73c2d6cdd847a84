"""The model and its parts."""

from .data_preprocessor import VideoDataPreprocessor
from .exported import ExportedLocalizer
from .localizer import ActorLocalizer
from .pooling import ActorRoIPool3D, ActorStatisticsPool3D, TubePooling
from .post_processing import PostProcessing, TemporalTrimming, TubeNMS

__all__ = [
    "ActorLocalizer",
    "ActorRoIPool3D",
    "ActorStatisticsPool3D",
    "ExportedLocalizer",
    "PostProcessing",
    "TemporalTrimming",
    "TubeNMS",
    "TubePooling",
    "VideoDataPreprocessor",
]

"""The model and its parts."""

from .crops import CropPool, PixelEncoder
from .data_preprocessor import VideoDataPreprocessor
from .exported import ExportedLocalizer
from .joint_space import JointModel, OpenClipModel, Prototypes, TransformersJointModel
from .localizer import ActorLocalizer
from .pooling import ActorRoIPool3D, ActorStatisticsPool3D, TubePooling
from .post_processing import PostProcessing, TemporalTrimming, TubeNMS

__all__ = [
    "ActorLocalizer",
    "ActorRoIPool3D",
    "ActorStatisticsPool3D",
    "CropPool",
    "ExportedLocalizer",
    "JointModel",
    "OpenClipModel",
    "PixelEncoder",
    "PostProcessing",
    "Prototypes",
    "TemporalTrimming",
    "TransformersJointModel",
    "TubeNMS",
    "TubePooling",
    "VideoDataPreprocessor",
]

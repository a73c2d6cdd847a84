"""Detectors have ``actors``, the names of their labels, and ``detect(frames)``: each frame's ``Detections``."""

from .actor_detector import ActorDetector
from .backbones import InceptionV2, TorchvisionBackbone
from .detector import Detector
from .mmcv_compatibility import SSDHeadCompatibilityHook
from .onnx_detector import OnnxDetector
from .torchvision_detector import TorchvisionDetector

__all__ = [
    "ActorDetector",
    "Detector",
    "InceptionV2",
    "OnnxDetector",
    "SSDHeadCompatibilityHook",
    "TorchvisionBackbone",
    "TorchvisionDetector",
]

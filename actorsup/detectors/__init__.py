"""Detectors have ``actors``, the names of their labels, and ``detect(frames)``: each frame's ``Detections``."""

from .actor_detector import ActorDetector
from .backbones import InceptionV2, TorchvisionBackbone
from .mmcv_compatibility import SSDHeadCompatibilityHook

__all__ = ["ActorDetector", "InceptionV2", "SSDHeadCompatibilityHook", "TorchvisionBackbone"]

"""Detectors: frames in, the actors of each frame out.

A detector has ``actors``, the names of its labels, and ``detect(frames)``, which yields the ``Detections`` of every
frame ``(H, W, 3)`` RGB in order, while the frames stream in.
"""

from .actor_detector import ActorDetector
from .backbones import InceptionV2, TorchvisionBackbone
from .mmcv_compatibility import SSDHeadCompatibilityHook

__all__ = [
    "ActorDetector",
    "InceptionV2",
    "SSDHeadCompatibilityHook",
    "TorchvisionBackbone",
]

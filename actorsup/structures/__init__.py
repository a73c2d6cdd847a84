"""The domain's types. Everything else in the package speaks in them."""

from .boxes import Detections, box_areas, clip_boxes, elementwise_iou, pairwise_iou
from .localization import ActionTube, Localization
from .tube import Tube
from .tube_overlap import OverlapRule, suppress, tube_iou, tube_ious
from .video_sample import RankedTubes, TubeBatch, VideoSample, predicted_class

__all__ = [
    "ActionTube",
    "Detections",
    "Localization",
    "OverlapRule",
    "RankedTubes",
    "Tube",
    "TubeBatch",
    "VideoSample",
    "box_areas",
    "clip_boxes",
    "elementwise_iou",
    "pairwise_iou",
    "predicted_class",
    "suppress",
    "tube_iou",
    "tube_ious",
]

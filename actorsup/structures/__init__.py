"""The domain's types. Everything else in the package speaks in them."""

from .boxes import box_areas, clip_boxes, elementwise_iou, pairwise_iou
from .detections import Detections
from .localization import ActionTube, Localization
from .tube import Tube
from .tube_overlap import OverlapRule, pairwise_tube_iou, tube_iou, tube_ious
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
    "pairwise_tube_iou",
    "predicted_class",
    "tube_iou",
    "tube_ious",
]

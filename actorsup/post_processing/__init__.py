"""Optional steps between a model's prediction and its measures."""

from .post_processing import PostProcessing
from .temporal_trimming import TemporalTrimming
from .tube_nms import TubeNMS

__all__ = ["PostProcessing", "TemporalTrimming", "TubeNMS"]

"""Datasets: videos with the label of each, their proposals, and, for testing alone, the true tubes."""

from .annotated_videos import AnnotatedVideos, inner_datasets
from .frame_cache import FrameCache, ReadCachedFrames
from .stored_features import StoredFeatures, VideoDraws

__all__ = ["AnnotatedVideos", "FrameCache", "ReadCachedFrames", "StoredFeatures", "VideoDraws", "inner_datasets"]

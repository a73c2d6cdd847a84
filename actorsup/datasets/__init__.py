"""Datasets: videos with the label of each, their proposals, and, for testing alone, the true tubes."""

from .annotated_videos import AnnotatedVideos, inner_datasets
from .stored_features import StoredFeatures, VideoDraws

__all__ = ["AnnotatedVideos", "StoredFeatures", "VideoDraws", "inner_datasets"]

"""Datasets: videos with the label of each, their proposals, and, for testing alone, the true tubes."""

from .annotated_videos import AnnotatedVideos, inner_datasets

__all__ = ["AnnotatedVideos", "inner_datasets"]

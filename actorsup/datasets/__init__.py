"""Datasets: videos with the label of each, their proposals, and, for testing alone, the true tubes."""

from .annotated_videos import AnnotatedVideos
from .thumos13 import THUMOS13
from .video_dataset import VideoDataset, inner_datasets

__all__ = [
    "THUMOS13",
    "AnnotatedVideos",
    "VideoDataset",
    "inner_datasets",
]

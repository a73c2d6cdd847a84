"""Datasets: videos with the label of each, their proposals, and, for testing alone, the true tubes."""

from .annotated_videos import AnnotatedVideos
from .thumos13 import THUMOS13
from .video_dataset import VideoDataset

__all__ = ["THUMOS13", "AnnotatedVideos", "VideoDataset"]

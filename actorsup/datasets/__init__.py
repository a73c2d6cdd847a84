"""Data sets: videos with the label of each, their proposals, and, for testing, the true tubes; pairs for trackers."""

from .thumos13 import THUMOS13
from .tracking import GeneratedPairs
from .video_dataset import VideoDataset

__all__ = ["THUMOS13", "GeneratedPairs", "VideoDataset"]

"""Data sets: videos with the label of each, their proposals, and, for testing alone, the true tubes.

Beside them, ``tracking``: sequences of one target, for trackers, and pairs to train these with.
"""

from . import tracking
from .annotated_videos import AnnotatedVideos
from .thumos13 import THUMOS13
from .video_dataset import VideoDataset

__all__ = ["THUMOS13", "AnnotatedVideos", "VideoDataset", "tracking"]

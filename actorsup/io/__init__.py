"""Reading videos and keeping what was computed from them."""

from .fingerprint import Fingerprint
from .store import DetectionStore, Proposals, TubeStore, VideoStore
from .video_reader import FrameFolderReader, OpenCVReader, VideoReader, open_video

__all__ = [
    "DetectionStore",
    "Fingerprint",
    "FrameFolderReader",
    "OpenCVReader",
    "Proposals",
    "TubeStore",
    "VideoReader",
    "VideoStore",
    "open_video",
]

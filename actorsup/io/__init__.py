"""Reading videos and keeping what was computed from them."""

from .fingerprint import Fingerprint
from .frames import HeldFramesReader, StreamedFrames, VideoFrames
from .store import DetectionStore, Proposals, TubeStore, VideoStore
from .video_reader import FrameFolderReader, OpenCVReader, VideoReader, open_video

__all__ = [
    "DetectionStore",
    "Fingerprint",
    "FrameFolderReader",
    "HeldFramesReader",
    "OpenCVReader",
    "Proposals",
    "StreamedFrames",
    "TubeStore",
    "VideoFrames",
    "VideoReader",
    "VideoStore",
    "open_video",
]

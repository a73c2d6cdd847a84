"""Reading videos and keeping what was computed from them."""

from .ahead import ahead
from .fingerprint import Fingerprint
from .frames import HeldFramesReader, StreamedFrames, VideoFrames
from .store import DetectionStore, FeatureStore, Proposals, TubeStore, VideoStore
from .video_file import PyAVReader
from .video_reader import FrameFolderReader, VideoReader, open_video

__all__ = [
    "DetectionStore",
    "FeatureStore",
    "Fingerprint",
    "FrameFolderReader",
    "HeldFramesReader",
    "Proposals",
    "PyAVReader",
    "StreamedFrames",
    "TubeStore",
    "VideoFrames",
    "VideoReader",
    "VideoStore",
    "ahead",
    "open_video",
]

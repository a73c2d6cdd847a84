"""Reading videos and keeping what was computed from them."""

from .fingerprint import Fingerprint
from .frames import VideoFrames
from .held_frames import HeldFramesReader
from .store import DetectionStore, Proposals, TubeStore, VideoStore
from .streamed_frames import StreamedFrames
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

"""Annotation files, read and written. Every foreign convention of frames, boxes and labels ends here."""

from .pickle_file import load_pickle
from .pyannot import read_pyannot
from .split_list import read_split_list
from .video_annotation import VideoAnnotation
from .video_collection import LabelledVideo, VideoCollection
from .videos_file import read_videos_file, write_videos_file

__all__ = [
    "LabelledVideo",
    "VideoAnnotation",
    "VideoCollection",
    "load_pickle",
    "read_pyannot",
    "read_split_list",
    "read_videos_file",
    "write_videos_file",
]

"""Readers of annotation files. Every foreign convention of frames, boxes and labels ends here."""

from .pickle_file import load_pickle
from .pyannot import read_pyannot
from .split_list import read_split_list
from .video_annotation import VideoAnnotation

__all__ = ["VideoAnnotation", "load_pickle", "read_pyannot", "read_split_list"]

"""Annotation files, read and written. Every foreign convention of frames, boxes and labels ends here."""

from .act_pickle import read_act_pickle, write_act_pickle
from .matlab_file import read_matlab_annotation
from .pickle_file import load_pickle
from .pyannot import read_pyannot
from .split_list import read_class_index, read_split_list
from .ucf101 import read_ucf101_annotation, read_ucf101_list
from .video_annotation import VideoAnnotation
from .video_collection import LabelledVideo, VideoCollection
from .videos_file import read_videos_file, write_videos_file

__all__ = [
    "LabelledVideo",
    "VideoAnnotation",
    "VideoCollection",
    "load_pickle",
    "read_act_pickle",
    "read_class_index",
    "read_matlab_annotation",
    "read_pyannot",
    "read_split_list",
    "read_ucf101_annotation",
    "read_ucf101_list",
    "read_videos_file",
    "write_act_pickle",
    "write_videos_file",
]

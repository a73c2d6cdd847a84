"""Annotation of others, one file for each format. Every foreign convention of frames, boxes and labels ends here."""

from .a2d import convert_a2d
from .act import read_act_pickle, write_act_pickle
from .collection import LabelledVideo, VideoAnnotation, VideoCollection
from .conversion import Conversion, convert_act, split_counts, write_act, write_conversion
from .folder import convert_folder
from .pickle_file import load_pickle
from .split_list import read_class_index, read_split_list
from .table import convert_table
from .thumos13 import convert_thumos13, read_matlab_annotation, read_pyannot, read_ucf101_annotation, read_ucf101_list
from .ucf_sports import convert_ucf_sports
from .videos_file import read_videos_file, write_videos_file

__all__ = [
    "Conversion",
    "LabelledVideo",
    "VideoAnnotation",
    "VideoCollection",
    "convert_a2d",
    "convert_act",
    "convert_folder",
    "convert_table",
    "convert_thumos13",
    "convert_ucf_sports",
    "load_pickle",
    "read_act_pickle",
    "read_class_index",
    "read_matlab_annotation",
    "read_pyannot",
    "read_split_list",
    "read_ucf101_annotation",
    "read_ucf101_list",
    "read_videos_file",
    "split_counts",
    "write_act",
    "write_act_pickle",
    "write_conversion",
    "write_videos_file",
]

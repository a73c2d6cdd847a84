"""Formats of datasets. Every foreign convention of frames, boxes and labels ends here."""

from .a2d import A2D
from .act import ACTPickle, write_act_pickle
from .ava import AVA
from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .daly import DALY
from .folder import VideoFolder
from .jhmdb import JHMDB
from .pickle_file import load_pickle
from .table import LabelTable
from .thumos13 import THUMOS13
from .ucf_sports import UCFSports
from .videos_file import VideosFile, write_videos_file
from .weizmann import Weizmann

__all__ = [
    "A2D",
    "AVA",
    "DALY",
    "JHMDB",
    "THUMOS13",
    "ACTPickle",
    "DatasetFormat",
    "LabelTable",
    "LabelledVideo",
    "UCFSports",
    "VideoCollection",
    "VideoFolder",
    "VideosFile",
    "Weizmann",
    "load_pickle",
    "write_act_pickle",
    "write_videos_file",
]

"""Formats of datasets. Every foreign convention of frames, boxes and labels ends here."""

from .a2d import A2D
from .act import ACTPickle, write_act_pickle
from .ava import AVA
from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .cvat import CVAT, write_cvat
from .daly import DALY
from .folder import VideoFolder
from .jhmdb import JHMDB
from .label_studio import LabelStudio, write_label_studio
from .localized import Localized
from .pickle_file import load_pickle
from .table import LabelTable
from .thumos13 import THUMOS13
from .ucf_sports import UCFSports
from .videos_file import VideosFile, write_videos_file
from .weizmann import Weizmann

__all__ = [
    "A2D",
    "AVA",
    "CVAT",
    "DALY",
    "JHMDB",
    "THUMOS13",
    "ACTPickle",
    "DatasetFormat",
    "LabelStudio",
    "LabelTable",
    "LabelledVideo",
    "Localized",
    "UCFSports",
    "VideoCollection",
    "VideoFolder",
    "VideosFile",
    "Weizmann",
    "load_pickle",
    "write_act_pickle",
    "write_cvat",
    "write_label_studio",
    "write_videos_file",
]

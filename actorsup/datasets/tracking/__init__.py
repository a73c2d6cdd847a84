"""Tracking sequences: one target, its frames and its true boxes."""

from .box_file import read_box_file
from .folders import ALOV, GOT10k, SequenceFolder
from .sequence import LazyFrames, SequenceSource, TrackingSequence
from .tubes import TubeSequences
from .ucf_sports import UCFSportsSequences

__all__ = [
    "ALOV",
    "GOT10k",
    "LazyFrames",
    "SequenceFolder",
    "SequenceSource",
    "TrackingSequence",
    "TubeSequences",
    "UCFSportsSequences",
    "read_box_file",
]

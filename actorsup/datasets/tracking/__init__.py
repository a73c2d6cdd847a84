"""Tracking sequences: one target, its frames and its true boxes."""

from .box_file import read_box_file
from .folders import ALOV, GOT10k, SequenceFolder
from .sequence import LazyFrames, SequenceSource, TrackingSequence
from .tubes import TubeSequences

__all__ = [
    "ALOV",
    "GOT10k",
    "LazyFrames",
    "SequenceFolder",
    "SequenceSource",
    "TrackingSequence",
    "TubeSequences",
    "read_box_file",
]

"""Tracking sequences: one target, its frames and its true boxes. And pairs of crops to train trackers with."""

from .box_file import read_box_file
from .folders import ALOV, GOT10k, SequenceFolder
from .frame_pairs import PairAugmentation
from .generated import GeneratedPairs
from .mixed_pairs import MixedPairs
from .pair_dataset import PairDataset
from .sequence import LazyFrames, SequenceSource, TrackingSequence
from .sequence_pairs import SequencePairs
from .still_pairs import StillPairs
from .tubes import TubeSequences
from .ucf_sports import UCFSportsSequences

__all__ = [
    "ALOV",
    "GOT10k",
    "GeneratedPairs",
    "LazyFrames",
    "MixedPairs",
    "PairAugmentation",
    "PairDataset",
    "SequenceFolder",
    "SequencePairs",
    "SequenceSource",
    "StillPairs",
    "TrackingSequence",
    "TubeSequences",
    "UCFSportsSequences",
    "read_box_file",
]

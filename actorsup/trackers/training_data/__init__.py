"""What trackers are trained on and measured with: sequences of one target, and pairs of crops out of them."""

from .pairs import MixedPairs, PairAugmentation, PairDataset, SequencePairs, StillPairs
from .sequence_folders import ALOV, GOT10k, SequenceFolder, read_box_file
from .sequences import LazyFrames, SequenceSource, TrackingSequence, TubeSequences, UCFSportsSequences

__all__ = [
    "ALOV",
    "GOT10k",
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

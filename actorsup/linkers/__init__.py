"""Linkers: the detections of every frame in, the tubes of a video out."""

from .baselines import RandomTubes, SlidingWindowTubes, UnlinkedDetections, WholeFrame
from .linker import Linker
from .siamese_linker import SiameseLinker
from .viterbi_linker import ViterbiLinker

__all__ = [
    "Linker",
    "RandomTubes",
    "SiameseLinker",
    "SlidingWindowTubes",
    "UnlinkedDetections",
    "ViterbiLinker",
    "WholeFrame",
]

"""Linkers: the detections of every frame in, the tubes of a video out."""

from .alternating_linker import AlternatingLinker
from .baselines import RandomTubes, SlidingWindowTubes, UnlinkedDetections, WholeFrame
from .linker import Linker
from .siamese_linker import SiameseLinker
from .tracker_linker import TrackerLinker
from .ultralytics_linker import UltralyticsLinker
from .viterbi_linker import ViterbiLinker

__all__ = [
    "AlternatingLinker",
    "Linker",
    "RandomTubes",
    "SiameseLinker",
    "SlidingWindowTubes",
    "TrackerLinker",
    "UltralyticsLinker",
    "UnlinkedDetections",
    "ViterbiLinker",
    "WholeFrame",
]

"""Trackers: a box in one frame in, its box in the next frames out."""

from .backbones import UnpaddedThinNet, UnpaddedVGG16
from .opencv_tracker import OpenCVTracker
from .sam2_tracker import Sam2Tracker
from .siamese_network import CrossCorrelation, SiameseNetwork, SiamesePairs
from .siamese_tracker import SiameseTracker
from .tracker import Tracker

__all__ = [
    "CrossCorrelation",
    "OpenCVTracker",
    "Sam2Tracker",
    "SiameseNetwork",
    "SiamesePairs",
    "SiameseTracker",
    "Tracker",
    "UnpaddedThinNet",
    "UnpaddedVGG16",
]

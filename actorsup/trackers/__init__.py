"""Trackers: a box in one frame in, its box in the next frames out."""

from .opencv_tracker import OpenCVTracker
from .siamese_network import CrossCorrelation, SiameseNetwork
from .siamese_pairs import SiamesePairs
from .siamese_tracker import SiameseTracker
from .tracker import Tracker
from .unpadded_thin_net import UnpaddedThinNet
from .unpadded_vgg16 import UnpaddedVGG16

__all__ = [
    "CrossCorrelation",
    "OpenCVTracker",
    "SiameseNetwork",
    "SiamesePairs",
    "SiameseTracker",
    "Tracker",
    "UnpaddedThinNet",
    "UnpaddedVGG16",
]

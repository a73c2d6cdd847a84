"""Linkers: the detections of every frame in, the tubes of a video out.

``RandomTubes``, ``SlidingWindowTubes``, ``UnlinkedDetections`` and ``WholeFrame`` link nothing: the others are compared
with them.
"""

from .linker import Linker
from .random_tubes import RandomTubes
from .siamese_linker import SiameseLinker
from .sliding_window_tubes import SlidingWindowTubes
from .unlinked_detections import UnlinkedDetections
from .viterbi_linker import ViterbiLinker
from .whole_frame import WholeFrame

__all__ = [
    "Linker",
    "RandomTubes",
    "SiameseLinker",
    "SlidingWindowTubes",
    "UnlinkedDetections",
    "ViterbiLinker",
    "WholeFrame",
]

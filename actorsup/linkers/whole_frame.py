"""No proposals at all: where a model without localisation would say that the action is."""

from collections.abc import Sequence

import numpy as np

from actorsup.registry import LINKERS
from actorsup.structures import Detections, Tube

from .linker import Linker, check_lengths


@LINKERS.register_module()
class WholeFrame(Linker):
    """One tube: the whole frame throughout the video, whatever was detected."""

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``."""
        check_lengths(frames, detections)
        height, width = frames[0].shape[:2]
        return [Tube.still((0, 0, width, height), len(frames))]

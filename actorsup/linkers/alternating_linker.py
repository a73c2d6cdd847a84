"""Several linkers in one: the tubes of each in turn."""

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np

from actorsup.errors import InputError
from actorsup.registry import LINKERS
from actorsup.structures import Detections, Tube, tube_iou

from .linker import Linker


@LINKERS.register_module()
class AlternatingLinker(Linker):
    """The best tube of each linker, then the second of each, and so on, without those that were there before.

    Linkers fail on different videos: association where the detector misses an actor for long, tracking where its boxes
    drift. Among the tubes of both are nearly all that either finds; that costs the time of both.

    Args:
        linkers: their configs, in the order in which they take turns.
        max_tubes: the first so many.
        overlap_threshold: a tube is left out if its overlap in space and time with one before reaches this.
    """

    def __init__(self, linkers: Sequence[dict], max_tubes: int = 20, overlap_threshold: float = 0.7) -> None:
        if len(linkers) < 2 or max_tubes < 1 or not 0 < overlap_threshold <= 1:
            expected = "two linkers or more, max_tubes >= 1 and 0 < overlap_threshold <= 1"
            raise InputError(
                f"AlternatingLinker: expected {expected}; got {len(linkers)}, {max_tubes} and {overlap_threshold}"
            )
        self.linkers = [LINKERS.build(linker) for linker in linkers]
        self.max_tubes = max_tubes
        self.overlap_threshold = overlap_threshold

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``; scores are what each linker gives, so the order is not that of the scores."""
        turns = zip_longest(*(linker.link(frames, detections) for linker in self.linkers))
        chosen: list[Tube] = []
        for tube in (tube for turn in turns for tube in turn if tube is not None):
            same_actor = [other for other in chosen if other.label == tube.label]
            if tube_iou([tube], same_actor).max(initial=0) < self.overlap_threshold:
                chosen.append(tube)
            if len(chosen) == self.max_tubes:
                break
        return chosen

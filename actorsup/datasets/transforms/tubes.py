"""Where the actors are in the sampled frames."""

from dataclasses import replace

import numpy as np
from mmcv.transforms import BaseTransform

from actorsup.errors import InputError
from actorsup.registry import TRANSFORMS
from actorsup.structures import Tube


@TRANSFORMS.register_module()
class AttachTubes(BaseTransform):
    """The first proposals, in the order in which the linker made them, at the sampled frames.

    A tube covers the sampled frames that it has a box in. One that lies between two sampled frames, before the first or
    after the last counts at the sampled frame nearest in time, with its box nearest to that. At the frames that do not
    count its first or last box stands in: finite numbers of no meaning.

    Args:
        max_tubes: at most so many tubes, 20 in the paper; the others are dropped from ``proposals`` too.
    """

    def __init__(self, max_tubes: int = 20) -> None:
        if max_tubes < 1:
            raise InputError(f"AttachTubes: max_tubes must be 1 or more, got {max_tubes}")
        self.max_tubes = max_tubes

    def transform(self, results: dict) -> dict:
        """Add ``tubes (P, N, 4)`` in pixels of the original frame and ``covered (P, N)``; ``P`` may be 0."""
        frame_indices = results["frame_indices"]
        proposals = replace(results["proposals"], tubes=results["proposals"].tubes[: self.max_tubes])
        tubes = np.zeros((len(proposals.tubes), len(frame_indices), 4), np.float32)
        covered = np.zeros(tubes.shape[:2], bool)
        for index, tube in enumerate(proposals.tubes):
            tubes[index] = tube.boxes_at(frame_indices)
            covered[index] = _covered(tube, frame_indices)
        return {**results, "proposals": proposals, "tubes": tubes, "covered": covered}


def _covered(tube: Tube, frame_indices: np.ndarray) -> np.ndarray:
    """The frames ``(N,)`` that count for the tube, at least one."""
    covered = tube.covers(frame_indices)
    if not covered.any():
        distances = np.maximum(tube.start - frame_indices, frame_indices - (tube.end - 1))
        covered[distances.argmin()] = True
    return covered

"""Linking by dynamic programming over the detections, as in "Finding Action Tubes" (Gkioxari and Malik, 2015)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from actorsup.registry import LINKERS
from actorsup.structures import Detections, Tube, pairwise_iou

from .linker import Linker, frame_size


class _Path(NamedTuple):
    """One detection a frame from ``start`` on, by their indices, and the energy of the choice."""

    energy: float
    start: int
    choices: list[int]


@LINKERS.register_module()
class ViterbiLinker(Linker):
    """The traditional linking that the paper compares with (Sec. 4.3).

    A path takes one detection of one actor category in each of consecutive frames and has the energy
    ``Σ score + overlap_weight · Σ IoU of neighbours``. The path of the highest energy becomes a tube, its detections
    are removed, and the search is repeated. A path runs through every frame that has a detection left; frames without
    one end it, so a tube spans the video only where the detector never failed.
    """

    def __init__(self, max_tubes: int = 20, overlap_weight: float = 1.0) -> None:
        if max_tubes < 1 or overlap_weight < 0:
            raise ValueError(f"expected max_tubes >= 1 and overlap_weight >= 0, got {max_tubes} and {overlap_weight}")
        self.max_tubes = max_tubes
        self.overlap_weight = overlap_weight

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``. A tube's score is the mean of its detections' scores; the order is that of energy."""
        frame_size(frames, detections)  # raises where they do not belong together
        links = [self.overlap_weight * pairwise_iou(now.boxes, then.boxes) for now, then in pairwise(detections)]
        remaining = [np.ones(len(found), dtype=bool) for found in detections]
        categories = np.unique(np.concatenate([found.labels for found in detections]))
        tubes: list[Tube] = []
        while len(tubes) < self.max_tubes:
            paths = []
            for category in categories:
                usable = [free & (found.labels == category) for free, found in zip(remaining, detections, strict=True)]
                paths += [(_best_path(run, detections, links, usable), category) for run in _runs(usable)]
            if not paths:
                break
            path, category = max(paths, key=lambda candidate: candidate[0].energy)
            chosen = [detections[frame][[choice]] for frame, choice in enumerate(path.choices, start=path.start)]
            scores = np.concatenate([found.scores for found in chosen])
            boxes = np.concatenate([found.boxes for found in chosen])
            tubes.append(Tube(path.start, boxes, scores, scores.mean(), category))
            for frame, choice in enumerate(path.choices, start=path.start):
                remaining[frame][choice] = False
        return tubes


def _runs(usable: Sequence[np.ndarray]) -> list[range]:
    """The longest stretches of consecutive frames that all have a usable detection."""
    present = np.array([False, *(mask.any() for mask in usable), False])
    edges = np.flatnonzero(present[1:] != present[:-1])
    return [range(start, end) for start, end in edges.reshape(-1, 2).tolist()]


def _best_path(
    run: range, detections: Sequence[Detections], links: Sequence[np.ndarray], usable: Sequence[np.ndarray]
) -> _Path:
    """The path of the highest energy through a run of frames: Viterbi's forward pass and backtracking."""
    unary = [np.where(usable[frame], detections[frame].scores.astype(np.float64), -np.inf) for frame in run]
    energy = unary[0]
    predecessors = []
    for offset, frame in enumerate(run[1:], start=1):
        candidates = energy[:, None] + links[frame - 1]  # (D before, D now)
        predecessors.append(candidates.argmax(axis=0))
        energy = candidates.max(axis=0) + unary[offset]
    choices = [int(energy.argmax())]
    for predecessor in reversed(predecessors):
        choices.append(int(predecessor[choices[-1]]))
    return _Path(float(energy.max()), run.start, choices[::-1])

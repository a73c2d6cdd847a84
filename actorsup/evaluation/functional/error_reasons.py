"""Why a true tube of a video is missed, and why a detection is false. ``diagnosis`` says what the reasons mean."""

from dataclasses import dataclass

import numpy as np

from .protocols import Protocol
from .ranking import exceeds
from .video_overlaps import ScoredVideo

# In the order of precedence.
MISSED_REASONS = ("wrong_time", "poor_overlap", "not_proposed", "classified_wrongly", "unmatched", "ranked_low")
FALSE_REASONS = ("duplicate", "wrong_time", "poor_overlap", "wrong_class", "wrong_class_poor_overlap", "background")
NONE = -1  # instead of a reason: a true tube that is found, a detection that is true


@dataclass(frozen=True, eq=False)
class DiagnosedVideo:
    """What the diagnosis needs of a video.

    Args:
        scored: its ``P`` tubes and ``G`` true tubes under the protocol.
        spatial_iou: ``(P, G)``, their overlap in space alone.
        predicted: ``(P,)``, the class that the model gives each tube.

    Raises:
        ValueError: if the shapes do not agree.
    """

    scored: ScoredVideo
    spatial_iou: np.ndarray
    predicted: np.ndarray

    def __post_init__(self) -> None:
        shape = self.scored.overlaps.iou.shape
        if self.spatial_iou.shape != shape or self.predicted.shape != shape[:1]:
            raise ValueError(
                f"{self.scored.overlaps.video}: {shape[0]} tubes and {shape[1]} true tubes need spatial overlaps of "
                f"shape {shape} and one class a tube, got {self.spatial_iou.shape} and {self.predicted.shape}"
            )


@dataclass(frozen=True)
class ErrorThresholds:
    """What counts as which overlap: ``enough`` is a match under the protocol, ``background`` is θ_b."""

    enough: float
    background: float
    protocol: Protocol

    def match(self, iou: np.ndarray) -> np.ndarray:
        """Which overlaps suffice for a match."""
        return exceeds(iou, self.enough, self.protocol)

    def touch(self, iou: np.ndarray) -> np.ndarray:
        """Which overlaps are more than background."""
        return iou >= self.background


def false_reasons(video: DiagnosedVideo, thresholds: ErrorThresholds) -> tuple[np.ndarray, np.ndarray]:
    """Of every tube for every class, should it be a false detection: why, and what it should have been.

    Returns:
        ``(P, K)``, indices into ``FALSE_REASONS``; ``(P, K)``, the true tube of the video that a corrected detection
        would match, ``NONE`` where the reason leaves nothing to correct.
    """
    shape, labels = video.scored.scores.shape, video.scored.overlaps.labels
    if not labels.size:
        return np.full(shape, FALSE_REASONS.index("background")), np.full(shape, NONE)
    of_class = labels == np.arange(shape[1])[:, None]  # (K, G)
    same, nearest_same = _best(video.scored.overlaps.iou, of_class)
    in_space, nearest_in_space = _best(video.spatial_iou, of_class)
    other, nearest_other = _best(video.scored.overlaps.iou, ~of_class)
    reasons = _first_that_holds(
        thresholds.match(same),
        thresholds.match(in_space),
        thresholds.touch(same),
        thresholds.match(other),
        thresholds.touch(other),
        np.True_,
    )
    nothing = np.full(shape, NONE)
    return reasons, np.choose(reasons, [nothing, nearest_in_space, nearest_same, nearest_other, nothing, nothing])


def missed_reasons(
    video: DiagnosedVideo, matched: np.ndarray, found: np.ndarray, thresholds: ErrorThresholds
) -> np.ndarray:
    """Why each true tube of the video is missed.

    Args:
        video: the video.
        matched: ``(G,)`` bool, whether some detection matches it.
        found: ``(G,)`` bool, whether one of the best does.
        thresholds: what counts as which overlap.

    Returns:
        ``(G,)``, indices into ``MISSED_REASONS``, ``NONE`` for those that are found.
    """
    iou = video.scored.overlaps.iou
    covering = thresholds.match(iou)  # (P, G)
    uncovered = ~covering.any(axis=0)
    classified = (covering & (video.predicted[:, None] == video.scored.overlaps.labels)).any(axis=0)
    reasons = _first_that_holds(
        uncovered & thresholds.match(video.spatial_iou).any(axis=0),
        uncovered & thresholds.touch(iou).any(axis=0),
        uncovered,
        ~classified,
        ~matched,
        np.True_,
    )
    return np.where(found, NONE, reasons)


def _best(overlaps: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of overlaps ``(P, G)`` the highest with each class's candidates ``(K, G)``, -1 without one, and whose: (P, K)."""
    among = np.where(candidates, overlaps[:, None], -1.0)
    return among.max(axis=2), among.argmax(axis=2)


def _first_that_holds(*conditions: np.ndarray) -> np.ndarray:
    """The index of the first condition that holds, elementwise; the last always does."""
    return np.argmax(np.stack(np.broadcast_arrays(*conditions)), axis=0)

"""Why a true tube is missed and a detection false, and what mAP would be without these errors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .average_precision import ranked_precision
from .ranking import ClassRanking, Protocol, exceeds
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


ALL = "all"


@dataclass(frozen=True, eq=False)
class RankedErrors:
    """The ``D`` detections of one class, best first. True tubes are numbered through all videos.

    Args:
        ranking: the detections.
        match: ``(D,)``, the true tube that each matches, ``NONE`` for false ones.
        reason: ``(D,)``, index into ``FALSE_REASONS`` of each false one, ``NONE`` for true ones.
        target: ``(D,)``, the true tube that a false one would match if it were corrected, ``NONE`` for none.
    """

    ranking: ClassRanking
    match: np.ndarray
    reason: np.ndarray
    target: np.ndarray


@dataclass(frozen=True, eq=False)
class ErrorFixes:
    """Measures what fixing errors would give.

    Nothing that is fixed makes a measure fall:

    - Missed true tubes are found, by detections that rank before all others; where one of them was matched after all,
      that match is taken out.
    - False detections of the reasons ``wrong_time``, ``poor_overlap`` and ``wrong_class`` are corrected: of those that
      are nearest to the same true tube, the best-scored matches it, with its score, among the detections of that
      tube's class, if it is better than the match that the tube has, which is then taken out. The others are taken out.
    - False detections of other reasons are taken out.

    TIDE differs in two points: it takes missed objects out of the ground truth, after which a class may have none, and
    corrects detections of unmatched objects alone; here all tubes are detections of all classes, so that every true
    tube with a good tube is matched at last.

    Args:
        classes: the detections of every class that has ground truth.
        labels: ``(G,)``, the class of each true tube.
        missed: ``(G,)``, index into ``MISSED_REASONS``, ``NONE`` for those that are found.
        protocol: says how precision is summed.
    """

    classes: Sequence[RankedErrors]
    labels: np.ndarray
    missed: np.ndarray
    protocol: Protocol

    def mean_average_precision(self) -> float:
        """As it is."""
        return self._measure(lambda errors: np.ones(len(errors.match), dtype=bool))

    def missed_gains(self) -> dict[str, float]:
        """The gain by reason, and for ``all``."""
        now = self.mean_average_precision()
        chosen = {name: self.missed == index for index, name in enumerate(MISSED_REASONS)}
        return {name: self._find(which) - now for name, which in {**chosen, ALL: self.missed != NONE}.items()}

    def false_gains(self) -> dict[str, float]:
        """The gain by reason, and for ``all``: without a single false detection."""
        now = self.mean_average_precision()
        gains = {name: self._correct(index) - now for index, name in enumerate(FALSE_REASONS)}
        return {**gains, ALL: self._measure(lambda errors: errors.reason == NONE) - now}

    def _find(self, chosen: np.ndarray) -> float:
        """MAP if the chosen true tubes ``(G,)`` were found first of all."""
        found = np.flatnonzero(chosen)
        first = np.zeros(len(found), dtype=int)
        added = _Added(self.labels[found], np.full(len(found), np.inf), first, first)
        return self._measure(lambda errors: ~np.isin(errors.match, found), added)

    def _correct(self, reason: int) -> float:
        """MAP if the false detections of a reason were corrected, or taken out where there is nothing to correct."""
        score, video, tube, target = (
            np.concatenate(
                [part(errors)[(errors.reason == reason) & (errors.target != NONE)] for errors in self.classes]
            )
            for part in (
                lambda errors: errors.ranking.score,
                lambda errors: errors.ranking.video,
                lambda errors: errors.ranking.tube,
                lambda errors: errors.target,
            )
        )
        matched_at = np.full(len(self.labels), -np.inf)
        for errors in self.classes:
            true = errors.match != NONE
            matched_at[errors.match[true]] = errors.ranking.score[true]
        order = np.lexsort((tube, video, -score))
        targets, first = np.unique(target[order], return_index=True)
        best = order[first]
        better = score[best] > matched_at[targets]
        best, targets = best[better], targets[better]
        added = _Added(self.labels[targets], score[best], video[best], tube[best])
        return self._measure(lambda errors: (errors.reason != reason) & ~np.isin(errors.match, targets), added)

    def _measure(self, keep: Callable[[RankedErrors], np.ndarray], added: "_Added | None" = None) -> float:
        """MAP of the detections that ``keep`` leaves of each class, and of added true ones."""
        values = []
        for errors in self.classes:
            ranking, kept = errors.ranking, keep(errors)
            true = errors.match[kept] != NONE
            if added is not None and (extra := added.label == ranking.label).any():
                score, video, tube = (
                    np.concatenate([old[kept], new[extra]])
                    for old, new in (
                        (ranking.score, added.score),
                        (ranking.video, added.video),
                        (ranking.tube, added.tube),
                    )
                )
                true = np.concatenate([true, np.ones(extra.sum(), dtype=bool)])[np.lexsort((tube, video, -score))]
            values.append(ranked_precision(true, ranking.num_ground_truth, self.protocol))
        return float(np.mean(values))


@dataclass(frozen=True, eq=False)
class _Added:
    """True detections that a fix adds: class, score, video and tube of each."""

    label: np.ndarray
    score: np.ndarray
    video: np.ndarray
    tube: np.ndarray

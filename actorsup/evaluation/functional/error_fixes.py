"""What mAP would gain without the errors of one reason, all others as they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .average_precision import ranked_precision
from .error_reasons import FALSE_REASONS, MISSED_REASONS, NONE
from .protocols import Protocol
from .ranking import ClassRanking

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

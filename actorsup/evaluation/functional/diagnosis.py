"""Why true tubes are missed, why detections are false, and what mAP would be without each kind of error.

After Bolya et al., TIDE: A general toolbox for identifying object detection errors, ECCV 2020, for tubes and for models
that score every tube for every class. The *best* detections of a class are as many as it has true tubes (N_j of Hoiem
et al., ECCV 2012). Each error has one reason, the first that applies: ``docs/evaluation.md`` defines the reasons, what
fixing them means, and in which points TIDE differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .ranking import Protocol, class_rankings, ranked_precision
from .video_overlaps import ScoredVideo, check_background, check_limit, check_scored, check_thresholds

# In the order of precedence.
MISSED_REASONS = ("wrong_time", "poor_overlap", "not_proposed", "classified_wrongly", "unmatched", "ranked_low")
FALSE_REASONS = ("duplicate", "wrong_time", "poor_overlap", "wrong_class", "wrong_class_poor_overlap", "background")
FOUND = "found"
ALL = "all"
NONE = -1  # instead of an index: no reason, no true tube

# ``rank`` counts the detections of a class from 0; ``reason`` is an index into FALSE_REASONS; ``match`` is the true
# tube that one finds, ``target`` the one that it would find if corrected, both numbered through all videos.
DETECTION = np.dtype(
    [(name, int) for name in ("label", "rank", "video", "tube", "match", "reason", "target")] + [("score", float)]
)


@dataclass(frozen=True, eq=False)
class DiagnosedVideo:
    """What the diagnosis needs of a video with ``P`` tubes and ``G`` true tubes."""

    scored: ScoredVideo  #: measured by the protocol
    spatial_iou: np.ndarray  #: ``(P, G)``, overlaps in space alone
    predicted: np.ndarray  #: ``(P,)``, the class that the model gives each tube

    def __post_init__(self) -> None:
        shape = self.scored.overlaps.iou.shape
        if self.spatial_iou.shape != shape or self.predicted.shape != shape[:1]:
            raise ValueError(
                f"{self.scored.overlaps.video}: {shape[0]} tubes and {shape[1]} true tubes need spatial overlaps of "
                f"shape {shape} and one class a tube, got {self.spatial_iou.shape} and {self.predicted.shape}"
            )


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """The errors of a dataset, counted and listed."""

    threshold: float  #: θ
    mean_average_precision: float  #: at θ, a fraction
    num_missed: Mapping[str, int]  #: true tubes by reason, ``found`` first
    num_false: Mapping[str, int]  #: false detections by reason
    num_false_best: Mapping[str, int]  #: those among the best detections of their class
    #: What mAP would gain if the missed true tubes of a reason were found, and ``all`` of them.
    missed_gains: Mapping[str, float]
    #: What it would gain if the false detections of a reason were corrected, and if ``all`` were gone.
    false_gains: Mapping[str, float]
    #: By name, ``true_tubes``, and ``false_detections`` that are among the best of their class. A class is an index,
    #: ``tube`` counts the ranked and ``true_tube`` the true tubes of the video from 0, ``rank`` the detections of the
    #: class from 1.
    videos: Mapping[str, Mapping[str, Sequence[Mapping]]]

    def missed_table(self) -> list[dict[str, str | int | float]]:
        """A row a reason, ``found`` first: ``true tubes``, ``number``, ``share`` and ``mAP gain``, fractions."""
        total = sum(self.num_missed.values())
        counts = {**self.num_missed, "all missed": total - self.num_missed[FOUND]}
        gains = [0.0, *self.missed_gains.values()]
        return [
            {"true tubes": name, "number": count, "share": count / total, "mAP gain": gain}
            for (name, count), gain in zip(counts.items(), gains, strict=True)
        ]

    def false_table(self) -> list[dict[str, str | int | float]]:
        """A row a reason: ``false detections``, ``number``, ``among the best`` and ``mAP gain``, a fraction."""
        counts, best = ({**each, ALL: sum(each.values())} for each in (self.num_false, self.num_false_best))
        return [
            {"false detections": name, "number": counts[name], "among the best": best[name], "mAP gain": gain}
            for name, gain in self.false_gains.items()
        ]


def diagnose(
    videos: Sequence[DiagnosedVideo],
    threshold: float,
    protocol: Protocol,
    background: float = 0.1,
    max_per_class: int | None = None,
) -> Diagnosis:
    """Find the reason of every error, with the arguments and errors of :func:`average_precision`.

    ``background`` is θ_b, in ``0 < θ_b <= θ``; an overlap of just that is not background.
    """
    check_thresholds([threshold])
    check_background(background, threshold)
    check_limit(max_per_class, "max_per_class")
    check_scored([video.scored for video in videos])
    videos = sorted(videos, key=lambda video: video.scored.overlaps.video)
    levels = _Levels(threshold, background, protocol)
    labels = np.concatenate([video.scored.overlaps.labels for video in videos])
    first_true = np.cumsum([0, *(len(video.scored.overlaps.labels) for video in videos)])

    detections = _detections(videos, first_true, levels, max_per_class)
    best = detections[detections["rank"] < np.bincount(labels)[detections["label"]]]
    matched, found = (np.isin(np.arange(len(labels)), each["match"]) for each in (detections, best))
    missed = np.concatenate(
        [
            _missed_reasons(video, matched[start:end], found[start:end], levels)
            for video, start, end in zip(videos, first_true, first_true[1:], strict=False)
        ]
    )
    fixes = _Fixes(detections, labels, protocol)
    now = fixes.measure(detections)
    missed_gains = {name: fixes.find(missed == index) - now for index, name in enumerate(MISSED_REASONS)}
    false_gains = {name: fixes.correct(index) - now for index, name in enumerate(FALSE_REASONS)}
    return Diagnosis(
        threshold=threshold,
        mean_average_precision=now,
        num_missed={FOUND: int(found.sum()), **_count(missed, MISSED_REASONS)},
        num_false=_count(detections["reason"], FALSE_REASONS),
        num_false_best=_count(best["reason"], FALSE_REASONS),
        missed_gains={**missed_gains, ALL: fixes.find(missed != NONE) - now},
        false_gains={**false_gains, ALL: fixes.measure(detections[detections["reason"] == NONE]) - now},
        videos=_entries(videos, first_true, detections, best, missed),
    )


def _count(reasons: np.ndarray, names: Sequence[str]) -> dict[str, int]:
    return {name: int((reasons == index).sum()) for index, name in enumerate(names)}


@dataclass(frozen=True)
class _Levels:
    """``enough`` (θ) is a match under the protocol, ``background`` is θ_b."""

    enough: float
    background: float
    protocol: Protocol

    def match(self, iou: np.ndarray) -> np.ndarray:
        return self.protocol.suffices(iou, self.enough)

    def touch(self, iou: np.ndarray) -> np.ndarray:
        return iou >= self.background


def _detections(
    videos: Sequence[DiagnosedVideo], first_true: np.ndarray, levels: _Levels, limit: int | None
) -> np.ndarray:
    """The ``DETECTION``s of the classes with ground truth, each class's best first."""
    parts = [_false_reasons(video, levels) for video in videos]
    reasons, targets = (np.concatenate(part) for part in zip(*parts, strict=True))  # (S, K) of the tubes of all videos
    first_tube = np.cumsum([0, *(len(video.predicted) for video in videos)])
    detections = []
    for ranking in class_rankings([video.scored for video in videos], limit):
        (match,) = ranking.match([levels.enough], levels.protocol)
        cell = first_tube[ranking.video] + ranking.tube, ranking.label
        first, is_true = first_true[ranking.video], match != NONE
        found = np.empty(len(match), DETECTION)
        found["label"], found["rank"] = ranking.label, np.arange(len(match))
        found["video"], found["tube"], found["score"] = ranking.video, ranking.tube, ranking.score
        found["match"] = np.where(is_true, first + match, NONE)
        found["reason"] = np.where(is_true, NONE, reasons[cell])
        found["target"] = np.where(is_true | (targets[cell] == NONE), NONE, first + targets[cell])
        detections.append(found)
    return np.concatenate(detections)


def _false_reasons(video: DiagnosedVideo, levels: _Levels) -> tuple[np.ndarray, np.ndarray]:
    """Why each tube would be a false detection of each class, and the true tube that it would match if corrected.

    Both are ``(P, K)``: indices into ``FALSE_REASONS``, and ``NONE`` where there is nothing to correct.
    """
    shape, labels = video.scored.scores.shape, video.scored.overlaps.labels
    if not labels.size:
        return np.full(shape, FALSE_REASONS.index("background")), np.full(shape, NONE)
    of_class = labels == np.arange(shape[1])[:, None]  # (K, G)
    same, nearest_same = _best(video.scored.overlaps.iou, of_class)
    in_space, nearest_in_space = _best(video.spatial_iou, of_class)
    other, nearest_other = _best(video.scored.overlaps.iou, ~of_class)
    reasons = _first_that_holds(
        levels.match(same),  # but a better detection matches that true tube: duplicate
        levels.match(in_space),  # wrong_time
        levels.touch(same),  # poor_overlap
        levels.match(other),  # wrong_class
        levels.touch(other),  # wrong_class_poor_overlap
        np.True_,  # background
    )
    nothing = np.full(shape, NONE)
    return reasons, np.choose(reasons, [nothing, nearest_in_space, nearest_same, nearest_other, nothing, nothing])


def _missed_reasons(video: DiagnosedVideo, matched: np.ndarray, found: np.ndarray, levels: _Levels) -> np.ndarray:
    """Indices ``(G,)`` into ``MISSED_REASONS``, ``NONE`` for the true tubes that one of the best detections finds."""
    iou = video.scored.overlaps.iou
    covering = levels.match(iou)  # (P, G)
    uncovered = ~covering.any(axis=0)
    classified = (covering & (video.predicted[:, None] == video.scored.overlaps.labels)).any(axis=0)
    reasons = _first_that_holds(
        uncovered & levels.match(video.spatial_iou).any(axis=0),  # wrong_time
        uncovered & levels.touch(iou).any(axis=0),  # poor_overlap
        uncovered,  # not_proposed
        ~classified,  # classified_wrongly
        ~matched,  # unmatched: taken by other true tubes, or left out by a limit or by post-processing
        np.True_,  # ranked_low
    )
    return np.where(found, NONE, reasons)


def _best(overlaps: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of overlaps ``(P, G)`` the highest with each class's candidates ``(K, G)``, -1 without one, and whose: (P, K)."""
    among = np.where(candidates, overlaps[:, None], -1.0)
    return among.max(axis=2), among.argmax(axis=2)


def _first_that_holds(*conditions: np.ndarray) -> np.ndarray:
    """The index of the first condition that holds, elementwise; the last always does."""
    return np.argmax(np.stack(np.broadcast_arrays(*conditions)), axis=0)


@dataclass(frozen=True, eq=False)
class _Fixes:
    """What fixing errors would give; no fix makes mAP fall."""

    detections: np.ndarray
    labels: np.ndarray  # (G,)
    protocol: Protocol

    def find(self, chosen: np.ndarray) -> float:
        """MAP if the chosen true tubes ``(G,)`` were found first of all, instead of where they are matched."""
        true_tubes = np.flatnonzero(chosen)
        added = np.zeros(len(true_tubes), DETECTION)
        added["label"], added["score"], added["match"] = self.labels[true_tubes], np.inf, true_tubes
        others = self.detections[~np.isin(self.detections["match"], true_tubes)]
        return self.measure(np.concatenate([others, added]))

    def correct(self, reason: int) -> float:
        """MAP if the false detections of a reason were corrected, or taken out where there is nothing to correct.

        Of those nearest to one true tube the best-scored becomes its match, if it is better than the one it has.
        """
        found = self.detections
        true = found[found["match"] != NONE]
        matched_at = np.full(len(self.labels), -np.inf)
        matched_at[true["match"]] = true["score"]
        wrong = found[(found["reason"] == reason) & (found["target"] != NONE)]
        wrong = wrong[_by_score(wrong)]
        best = wrong[np.unique(wrong["target"], return_index=True)[1]]
        added = best[best["score"] > matched_at[best["target"]]]
        added["match"], added["label"] = added["target"], self.labels[added["target"]]
        others = found[(found["reason"] != reason) & ~np.isin(found["match"], added["match"])]
        return self.measure(np.concatenate([others, added]))

    def measure(self, detections: np.ndarray) -> float:
        """MAP of the detections, in whatever order they are."""
        order = _by_score(detections)
        labels, is_true = detections["label"][order], detections["match"][order] != NONE
        values = []
        for label, count in zip(*np.unique(self.labels, return_counts=True), strict=True):
            places = np.flatnonzero(is_true[labels == label]) + 1
            values.append(ranked_precision(places, count, self.protocol))
        return float(np.mean(values))


def _by_score(detections: np.ndarray) -> np.ndarray:
    """The order of a ranking; equal scores are ordered by video, then by tube."""
    return np.lexsort((detections["tube"], detections["video"], -detections["score"]))


def _entries(
    videos: Sequence[DiagnosedVideo], first_true: np.ndarray, found: np.ndarray, best: np.ndarray, missed: np.ndarray
) -> dict[str, dict[str, list[dict]]]:
    """Make ``Diagnosis.videos``."""
    ranks = np.zeros(len(missed), dtype=int)
    true = found[found["match"] != NONE]
    ranks[true["match"]] = true["rank"] + 1
    entries = []
    for video, first in zip(videos, first_true.tolist(), strict=False):
        iou, spatial_iou = video.scored.overlaps.iou, video.spatial_iou
        nearest = iou.argmax(axis=0).tolist() if len(iou) else None
        true_tubes = [
            {
                "true_tube": index,
                "class": int(label),
                "reason": FOUND if missed[first + index] == NONE else MISSED_REASONS[missed[first + index]],
                "overlap": float(iou[:, index].max(initial=0.0)),
                "spatial_overlap": float(spatial_iou[:, index].max(initial=0.0)),
                "tube": nearest and nearest[index],
                "predicted": nearest and int(video.predicted[nearest[index]]),
                "rank": int(ranks[first + index]) or None,
            }
            for index, label in enumerate(video.scored.overlaps.labels)
        ]
        entries.append({"true_tubes": true_tubes, "false_detections": []})
    for label, rank, video, tube, _, reason, target, score in best[best["reason"] != NONE].tolist():
        entries[video]["false_detections"].append(
            {
                "tube": tube,
                "class": label,
                "rank": rank + 1,
                "score": score,
                "reason": FALSE_REASONS[reason],
                "true_tube": None if target == NONE else target - int(first_true[video]),
            }
        )
    return {video.scored.overlaps.video: entry for video, entry in zip(videos, entries, strict=True)}

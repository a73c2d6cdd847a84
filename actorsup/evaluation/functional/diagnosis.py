"""Why true tubes are missed, why detections are false, and what mAP would be without each kind of error.

After Bolya et al., TIDE: A general toolbox for identifying object detection errors, ECCV 2020, for tubes and for models
that score every tube for every class. θ is the overlap threshold, θ_b the lesser one below which there is none to speak
of; the *best* detections of a class are as many as it has true tubes (N_j of Hoiem et al., ECCV 2012). Each error has
exactly one reason, the first of its list that applies.

A true tube is ``found`` if one of the best detections of its class matches it. Otherwise it is missed, because of

1. ``wrong_time``: no tube of its video overlaps it by θ, but one does in space alone;
2. ``poor_overlap``: no tube overlaps it by θ, but one does by θ_b;
3. ``not_proposed``: no tube overlaps it by θ_b;
4. ``classified_wrongly``: the model gives every tube that overlaps it by θ another class;
5. ``unmatched``: no detection matches it: those that overlap it by θ match other true tubes, or are left out by a limit
   or by post-processing;
6. ``ranked_low``: it is matched, but not by one of the best detections.

A detection that matches no true tube is false, because of

1. ``duplicate``: it overlaps a true tube of its class by θ, but a better one matches that;
2. ``wrong_time``: it overlaps one of its class by θ in space alone;
3. ``poor_overlap``: it overlaps one of its class by θ_b;
4. ``wrong_class``: it overlaps one of another class by θ;
5. ``wrong_class_poor_overlap``: it overlaps one of another class by θ_b;
6. ``background``: none of these.

What it means to fix errors is said at :class:`actorsup.evaluation.functional.errors.ErrorFixes`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .errors import (
    ALL,
    FALSE_REASONS,
    MISSED_REASONS,
    NONE,
    DiagnosedVideo,
    ErrorFixes,
    ErrorThresholds,
    RankedErrors,
    false_reasons,
    missed_reasons,
)
from .ranking import Protocol, class_rankings
from .video_overlaps import check_background, check_limit, check_scored, check_thresholds

FOUND = "found"


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """The errors of a data set, counted and listed.

    Args:
        threshold: θ.
        mean_average_precision: mAP at θ, as a fraction.
        num_missed: true tubes by reason, ``found`` first.
        num_false: false detections by reason.
        num_false_best: those among the best detections of their class.
        missed_gains: what mAP would gain if the missed true tubes of a reason were found, and ``all`` of them.
        false_gains: what it would gain if the false detections of a reason were corrected, and if ``all`` were gone.
        videos: by name, ``true_tubes``, an entry each, and ``false_detections``, an entry for each that is among the
            best of its class. In these a class is an index, ``tube`` counts the ranked tubes and ``true_tube`` the true
            ones of the video from 0, ``rank`` the detections of the class from 1.
    """

    threshold: float
    mean_average_precision: float
    num_missed: Mapping[str, int]
    num_false: Mapping[str, int]
    num_false_best: Mapping[str, int]
    missed_gains: Mapping[str, float]
    false_gains: Mapping[str, float]
    videos: Mapping[str, Mapping[str, Sequence[Mapping]]]

    def missed_table(self) -> list[dict[str, str | int | float]]:
        """A row a reason, ``found`` first: ``true tubes``, ``number``, ``share`` and ``mAP gain``, fractions."""
        total = sum(self.num_missed.values())
        counts = {**self.num_missed, ALL: total - self.num_missed[FOUND]}
        gains = {FOUND: 0.0, **self.missed_gains}
        return [
            {
                "true tubes": "all missed" if name == ALL else name,
                "number": count,
                "share": count / total,
                "mAP gain": gains[name],
            }
            for name, count in counts.items()
        ]

    def false_table(self) -> list[dict[str, str | int | float]]:
        """A row a reason: ``false detections``, ``number``, ``among the best`` and ``mAP gain``, a fraction."""
        counts = {**self.num_false, ALL: sum(self.num_false.values())}
        best = {**self.num_false_best, ALL: sum(self.num_false_best.values())}
        return [
            {
                "false detections": name,
                "number": count,
                "among the best": best[name],
                "mAP gain": self.false_gains[name],
            }
            for name, count in counts.items()
        ]


def diagnose(
    videos: Sequence[DiagnosedVideo],
    threshold: float,
    protocol: Protocol,
    background: float = 0.1,
    max_per_class: int | None = None,
) -> Diagnosis:
    """Find the reason of every error.

    Args:
        videos: all videos, measured by ``protocol.overlap``.
        threshold: θ.
        protocol: what counts as a match, and how precision is summed.
        background: θ_b; an overlap of just that is one.
        max_per_class: as for ``average_precision``.

    Raises:
        InputError: as ``average_precision``, and if θ_b is not in ``0 < θ_b <= θ``.
    """
    check_thresholds([threshold])
    check_background(background, threshold)
    check_limit(max_per_class, "max_per_class")
    check_scored([video.scored for video in videos])
    videos = sorted(videos, key=lambda video: video.scored.overlaps.video)
    thresholds = ErrorThresholds(threshold, background, protocol)
    first_true = np.cumsum([0, *(len(video.scored.overlaps.labels) for video in videos)])
    classes = _ranked_errors(videos, first_true, thresholds, max_per_class)
    missed = _missed(videos, first_true, classes, thresholds)
    fixes = ErrorFixes(classes, np.concatenate([video.scored.overlaps.labels for video in videos]), missed, protocol)
    best = [errors.reason[: errors.ranking.num_ground_truth] for errors in classes]
    return Diagnosis(
        threshold=threshold,
        mean_average_precision=fixes.mean_average_precision(),
        num_missed={FOUND: int((missed == NONE).sum()), **_count(missed, MISSED_REASONS)},
        num_false=_count(np.concatenate([errors.reason for errors in classes]), FALSE_REASONS),
        num_false_best=_count(np.concatenate(best), FALSE_REASONS),
        missed_gains=fixes.missed_gains(),
        false_gains=fixes.false_gains(),
        videos=_entries(videos, first_true, classes, missed),
    )


def _count(reasons: np.ndarray, names: Sequence[str]) -> dict[str, int]:
    return {name: int((reasons == index).sum()) for index, name in enumerate(names)}


def _ranked_errors(
    videos: Sequence[DiagnosedVideo], first_true: np.ndarray, thresholds: ErrorThresholds, limit: int | None
) -> list[RankedErrors]:
    """What the detections of each class match, and why the others are false."""
    parts = [false_reasons(video, thresholds) for video in videos]
    reasons, targets = (np.concatenate(part) for part in zip(*parts, strict=True))  # (S, K) of the tubes of all videos
    first_tube = np.cumsum([0, *(len(video.predicted) for video in videos)])
    classes = []
    for ranking in class_rankings([video.scored for video in videos], limit):
        (match,) = ranking.match([thresholds.enough], thresholds.protocol)
        cell = first_tube[ranking.video] + ranking.tube, ranking.label
        first = first_true[ranking.video]
        classes.append(
            RankedErrors(
                ranking,
                match=np.where(match != NONE, first + match, NONE),
                reason=np.where(match != NONE, NONE, reasons[cell]),
                target=np.where((match != NONE) | (targets[cell] == NONE), NONE, first + targets[cell]),
            )
        )
    return classes


def _missed(
    videos: Sequence[DiagnosedVideo],
    first_true: np.ndarray,
    classes: Sequence[RankedErrors],
    thresholds: ErrorThresholds,
) -> np.ndarray:
    """Of the true tubes of all videos, why each is missed."""
    matched, found = np.zeros(first_true[-1], dtype=bool), np.zeros(first_true[-1], dtype=bool)
    for errors in classes:
        best = errors.match[: errors.ranking.num_ground_truth]
        matched[errors.match[errors.match != NONE]] = True
        found[best[best != NONE]] = True
    spans = zip(first_true, first_true[1:], strict=False)
    return np.concatenate(
        [
            missed_reasons(video, matched[first:end], found[first:end], thresholds)
            for video, (first, end) in zip(videos, spans, strict=True)
        ]
    )


def _entries(
    videos: Sequence[DiagnosedVideo], first_true: np.ndarray, classes: Sequence[RankedErrors], missed: np.ndarray
) -> dict[str, dict[str, list[dict]]]:
    """See ``Diagnosis.videos``."""
    ranks = {true: rank for errors in classes for rank, true in enumerate(errors.match.tolist(), 1) if true != NONE}
    entries = [
        {
            "true_tubes": [
                _true_entry(video, index, int(missed[first + index]), ranks.get(first + index))
                for index in range(len(video.scored.overlaps.labels))
            ],
            "false_detections": [],
        }
        for video, first in zip(videos, first_true.tolist(), strict=False)
    ]
    for errors in classes:
        for place in np.flatnonzero(errors.reason[: errors.ranking.num_ground_truth] != NONE).tolist():
            video, target = int(errors.ranking.video[place]), int(errors.target[place])
            entries[video]["false_detections"].append(
                {
                    "tube": int(errors.ranking.tube[place]),
                    "class": errors.ranking.label,
                    "rank": place + 1,
                    "score": float(errors.ranking.score[place]),
                    "reason": FALSE_REASONS[errors.reason[place]],
                    "true_tube": None if target == NONE else target - int(first_true[video]),
                }
            )
    return {video.scored.overlaps.video: entry for video, entry in zip(videos, entries, strict=True)}


def _true_entry(video: DiagnosedVideo, index: int, reason: int, rank: int | None) -> dict:
    """What became of a true tube: its nearest tube, and the rank of the detection that matches it."""
    iou, spatial_iou = video.scored.overlaps.iou[:, index], video.spatial_iou[:, index]
    nearest = int(iou.argmax()) if iou.size else None
    return {
        "true_tube": index,
        "class": int(video.scored.overlaps.labels[index]),
        "reason": FOUND if reason == NONE else MISSED_REASONS[reason],
        "overlap": float(iou.max(initial=0.0)),
        "spatial_overlap": float(spatial_iou.max(initial=0.0)),
        "tube": nearest,
        "predicted": None if nearest is None else int(video.predicted[nearest]),
        "rank": rank,
    }

"""Pure evaluation: tubes and arrays in, numbers out, all of them fractions in 0..1.

A further protocol is a row in ``RECALL_PROTOCOLS`` or ``PROTOCOLS``.
"""

from .average_precision import AveragePrecision, average_precision, evaluate_predictions, localization_accuracy
from .diagnosis import FALSE_REASONS, MISSED_REASONS, DiagnosedVideo, Diagnosis, diagnose
from .ranking import PROTOCOLS, Protocol, average_precision_protocol
from .recall import (
    RECALL_PROTOCOLS,
    RecallCurves,
    TubeRecall,
    evaluate_proposals,
    recall_curves,
    recall_protocol,
    tube_recall,
)
from .tracking import TrackingScores, mean_scores, score_track
from .video_overlaps import ScoredVideo, VideoOverlaps

__all__ = [
    "FALSE_REASONS",
    "MISSED_REASONS",
    "PROTOCOLS",
    "RECALL_PROTOCOLS",
    "AveragePrecision",
    "DiagnosedVideo",
    "Diagnosis",
    "Protocol",
    "RecallCurves",
    "ScoredVideo",
    "TrackingScores",
    "TubeRecall",
    "VideoOverlaps",
    "average_precision",
    "average_precision_protocol",
    "diagnose",
    "evaluate_predictions",
    "evaluate_proposals",
    "localization_accuracy",
    "mean_scores",
    "recall_curves",
    "recall_protocol",
    "score_track",
    "tube_recall",
]

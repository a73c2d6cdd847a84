"""Pure evaluation: tubes and arrays in, numbers out, all of them fractions in 0..1.

A further protocol is a row in ``RECALL_PROTOCOLS``, ``PROTOCOLS`` or ``FRAME_PROTOCOLS``.
"""

from .average_precision import AveragePrecision, average_precision, evaluate_predictions, localization_accuracy
from .diagnosis import FALSE_REASONS, MISSED_REASONS, DiagnosedVideo, Diagnosis, diagnose
from .frames import (
    FrameBoxes,
    FrameMatches,
    evaluate_frame_predictions,
    frame_average_precision,
    match_frames,
)
from .ranking import (
    FRAME_PROTOCOLS,
    MULTISPORTS_EXCLUDED_CLASSES,
    PROTOCOLS,
    RANGES,
    Protocol,
    average_precision_protocol,
    frame_protocol,
)
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
    "FRAME_PROTOCOLS",
    "MISSED_REASONS",
    "MULTISPORTS_EXCLUDED_CLASSES",
    "PROTOCOLS",
    "RANGES",
    "RECALL_PROTOCOLS",
    "AveragePrecision",
    "DiagnosedVideo",
    "Diagnosis",
    "FrameBoxes",
    "FrameMatches",
    "Protocol",
    "RecallCurves",
    "ScoredVideo",
    "TrackingScores",
    "TubeRecall",
    "VideoOverlaps",
    "average_precision",
    "average_precision_protocol",
    "diagnose",
    "evaluate_frame_predictions",
    "evaluate_predictions",
    "evaluate_proposals",
    "frame_average_precision",
    "frame_protocol",
    "localization_accuracy",
    "match_frames",
    "mean_scores",
    "recall_curves",
    "recall_protocol",
    "score_track",
    "tube_recall",
]

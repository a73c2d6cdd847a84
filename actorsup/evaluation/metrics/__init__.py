"""Metrics that mmengine's evaluators run: thin accumulators around ``actorsup.evaluation.functional``.

They give fractions in 0..1 (the literature prints percent) and never touch the disk.
"""

from .predicted_videos import MetricReport, PredictedVideos
from .proposal_recall import ProposalRecall
from .tube_diagnosis import TubeDiagnosis
from .tube_map import PairPrecision, TubeMAP
from .video_accuracy import LocalizationGivenLabel, VideoAccuracy

__all__ = [
    "LocalizationGivenLabel",
    "MetricReport",
    "PairPrecision",
    "PredictedVideos",
    "ProposalRecall",
    "TubeDiagnosis",
    "TubeMAP",
    "VideoAccuracy",
]

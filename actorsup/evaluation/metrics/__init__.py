"""Metrics that mmengine's evaluators run: thin accumulators around ``actorsup.evaluation.functional``.

They give fractions in 0..1 (the literature prints percent) and never touch the disk.
"""

from .localization_given_label import LocalizationGivenLabel
from .pair_precision import PairPrecision
from .predicted_videos import PredictedVideos
from .proposal_recall import ProposalRecall
from .report import MetricReport
from .tube_diagnosis import TubeDiagnosis
from .tube_map import TubeMAP
from .video_accuracy import VideoAccuracy

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

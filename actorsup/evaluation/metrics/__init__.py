"""Metrics that mmengine's evaluators run: thin accumulators around ``actorsup.evaluation.functional``.

They give fractions in 0..1 (the literature prints percent) and never touch the disk. Options that many of them have:
``thresholds`` of overlap; ``protocol``, a name in :data:`actorsup.evaluation.functional.PROTOCOLS`; ``max_per_class``:
count only so many best tubes of each video for each class (None: all); ``prefix``: put before the names of the numbers,
to tell two metrics of one evaluator apart.
"""

from .accuracy import LocalizationGivenLabel, PairPrecision, VideoAccuracy, VideoLabelMAP
from .base import MetricReport, SampleMetric, summary_text
from .predicted_videos import KeptTubes, PredictedVideos
from .tubes import FrameMAP, ProposalRecall, TubeDiagnosis, TubeMAP

__all__ = [
    "FrameMAP",
    "KeptTubes",
    "LocalizationGivenLabel",
    "MetricReport",
    "PairPrecision",
    "PredictedVideos",
    "ProposalRecall",
    "SampleMetric",
    "TubeDiagnosis",
    "TubeMAP",
    "VideoAccuracy",
    "VideoLabelMAP",
    "summary_text",
]

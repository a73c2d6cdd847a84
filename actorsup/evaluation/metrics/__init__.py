"""Metrics that mmengine's evaluators run: thin accumulators around ``actorsup.evaluation.functional``.

They give fractions in 0..1 (the literature prints percent) and never touch the disk. Each takes a ``prefix``, which is
put before the names of its numbers, to tell two metrics of one evaluator apart.
"""

from .accuracy import LocalizationGivenLabel, PairPrecision, VideoAccuracy
from .base import MetricReport, SampleMetric
from .predicted_videos import PredictedVideos
from .tubes import ProposalRecall, TubeDiagnosis, TubeMAP

__all__ = [
    "LocalizationGivenLabel",
    "MetricReport",
    "PairPrecision",
    "PredictedVideos",
    "ProposalRecall",
    "SampleMetric",
    "TubeDiagnosis",
    "TubeMAP",
    "VideoAccuracy",
]

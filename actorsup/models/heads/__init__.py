"""Heads: tube features in, losses or scores out; they differ in how a video's logits come from those of its tubes."""

from .aggregations import (
    LogSumExpHead,
    MaximumHead,
    MeanHead,
    SoftmaxAttentionHead,
    SupervisedTubeHead,
    TopKAttentionHead,
)
from .ensemble import EnsembleHead
from .text_head import TextHead
from .tube_head import TubeHead
from .two_stream import OnlineRefinementHead, TwoStreamHead
from .uncertainty import UncertaintyHead

__all__ = [
    "EnsembleHead",
    "LogSumExpHead",
    "MaximumHead",
    "MeanHead",
    "OnlineRefinementHead",
    "SoftmaxAttentionHead",
    "SupervisedTubeHead",
    "TextHead",
    "TopKAttentionHead",
    "TubeHead",
    "TwoStreamHead",
    "UncertaintyHead",
]

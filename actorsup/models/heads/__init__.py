"""Heads: tube features in, losses or scores out; they differ in how a video's logits come from those of its tubes."""

from .aggregations import (
    LogSumExpHead,
    MaximumHead,
    MeanHead,
    SoftmaxAttentionHead,
    SupervisedTubeHead,
    TopKAttentionHead,
)
from .tube_head import TubeHead
from .two_stream import TwoStreamHead

__all__ = [
    "LogSumExpHead",
    "MaximumHead",
    "MeanHead",
    "SoftmaxAttentionHead",
    "SupervisedTubeHead",
    "TopKAttentionHead",
    "TubeHead",
    "TwoStreamHead",
]

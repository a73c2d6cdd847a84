"""Heads: tube features in, losses or scores out.

========================  ===========================================================================================
head                      a video's logit for a class, from those of its tubes
========================  ===========================================================================================
``TopKAttentionHead``     the mean of the k highest (the paper's)
``MeanHead``              the mean
``MaximumHead``           the highest
``LogSumExpHead``         between mean and maximum, by ``sharpness``
``SoftmaxAttentionHead``  the mean, weighted by learned attention
``SupervisedTubeHead``    the highest, having learnt from the labels of tubes: the upper bound
========================  ===========================================================================================
"""

from .aggregations import (
    LogSumExpHead,
    MaximumHead,
    MeanHead,
    SoftmaxAttentionHead,
    SupervisedTubeHead,
    TopKAttentionHead,
)
from .tube_head import TubeHead

__all__ = [
    "LogSumExpHead",
    "MaximumHead",
    "MeanHead",
    "SoftmaxAttentionHead",
    "SupervisedTubeHead",
    "TopKAttentionHead",
    "TubeHead",
]

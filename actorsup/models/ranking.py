"""By what the tubes of all videos are ranked for a class: the paper's "relevance", which it does not define."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from actorsup.registry import MODELS


@dataclass(frozen=True, eq=False)
class VideoScores:
    """What a head says of one video and its ``P`` tubes.

    Args:
        logits: ``(P, K)`` float64, of each tube for each class.
        tubes: ``(P, K)`` float64, the logarithm of the head's own score of each tube for each class.
        video: ``(K,)`` float64, the logarithm of the probability of each class in the video.
    """

    logits: Tensor
    tubes: Tensor
    video: Tensor


class Ranking(ABC):
    """Turns what a head says of a video into the scores by which its tubes are ranked among those of all videos."""

    @abstractmethod
    def __call__(self, scores: VideoScores) -> Tensor:
        """Scores ``(P, K)`` float64, logarithms."""


@MODELS.register_module()
class TubeRanking(Ranking):
    """The head's own score of the tube: of most heads, the class's probability by the tube's softmax."""

    def __call__(self, scores: VideoScores) -> Tensor:
        """Scores ``(P, K)``."""
        return scores.tubes


@MODELS.register_module()
class VideoRanking(Ranking):
    """The head's own score of the tube, times the class's probability in the video."""

    def __call__(self, scores: VideoScores) -> Tensor:
        """Scores ``(P, K)``."""
        return scores.tubes + scores.video


@MODELS.register_module()
class RelativeRanking(Ranking):
    """The tube's share of the class among the video's tubes, times the class's probability in the video.

    The share is the softmax over the tubes of the class's logits: relative to the other tubes of the same video, where
    the softmax over the classes compares a tube with nothing but itself.
    """

    def __call__(self, scores: VideoScores) -> Tensor:
        """Scores ``(P, K)``."""
        return F.log_softmax(scores.logits, dim=0) + scores.video

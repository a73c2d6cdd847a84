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
        tubes: ``(P, K)`` float64, the logarithm of the head's own score of each tube for each class.
        log_odds: ``(P, K)`` float64, of each tube for each class against the other classes.
        video: ``(K,)`` float64, the logarithm of the probability of each class in the video.
    """

    tubes: Tensor
    log_odds: Tensor
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
    """The tube's share of the class's odds in its video, times its probability, times that of the class in the video.

    If the tubes are independent and one of them shows the class, then it is tube i with the probability
    ``odds_i / Σ odds``: the share, which compares the tube with the others of its video, where the softmax over the
    classes compares it with nothing but itself. The tube's probability, the sigmoid of its log-odds, says how sure that
    is of the best one.
    """

    def __call__(self, scores: VideoScores) -> Tensor:
        """Scores ``(P, K)``."""
        return F.log_softmax(scores.log_odds, dim=0) + F.logsigmoid(scores.log_odds) + scores.video

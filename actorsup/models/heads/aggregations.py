"""The heads: how the logits of a video's tubes become those of the video."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from actorsup.registry import MODELS
from actorsup.structures import TubeBatch

from .tube_head import TubeHead, log_odds_of, log_probabilities


@MODELS.register_module()
class TopKAttentionHead(TubeHead):
    """A video's logit for a class is the mean of the k highest among its tubes (Section 3.2; k = 12 of 20 tubes).

    Only the tubes selected for some class get a gradient. A video with fewer tubes takes the mean of all of them.
    """

    def __init__(self, num_classes: int, in_channels: int, topk: int = 12, **common) -> None:
        super().__init__(num_classes, in_channels, **common)
        if topk < 1:
            raise ValueError(f"topk must be at least 1, got {topk}")
        self.topk = topk

    def aggregate(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Mean of the highest logits of each class."""
        return tube_logits.topk(torch.sym_min(self.topk, tube_logits.shape[0]), dim=0).values.mean(dim=0)


@MODELS.register_module()
class MeanHead(TubeHead):
    """A video's logit for a class is the mean over its tubes."""

    def aggregate(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Mean of each class."""
        return tube_logits.mean(dim=0)


@MODELS.register_module()
class MaximumHead(TubeHead):
    """A video's logit for a class is the highest among its tubes; equally good ones share the gradient."""

    def aggregate(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Maximum of each class."""
        return tube_logits.amax(dim=0)


@MODELS.register_module()
class LogSumExpHead(TubeHead):
    """A video's logit for a class is a smooth maximum over its tubes (Pinheiro and Collobert, 2015).

    With the ``sharpness`` r, above 0, it is ``1/r · log(1/P · Σ exp(r · z))``: the mean for small r, the maximum for
    large. The gradient is shared among the tubes by the softmax of ``r · z``.
    """

    def __init__(self, num_classes: int, in_channels: int, sharpness: float = 1.0, **common) -> None:
        super().__init__(num_classes, in_channels, **common)
        if sharpness <= 0:
            raise ValueError(f"sharpness must be above 0, got {sharpness}")
        self.sharpness = sharpness

    def aggregate(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Smooth maximum of each class."""
        return smooth_maximum(tube_logits, self.sharpness)


def smooth_maximum(tube_logits: Tensor, sharpness: float) -> Tensor:
    """``1/r · log(1/P · Σ exp(r · z))`` over the tubes, ``(K,)`` from ``(P, K)``, one tube or more."""
    # Differences to the highest neither overflow for large r nor, by way of expm1 and log1p, round off for small.
    highest = tube_logits.detach().amax(dim=0)
    below = (sharpness * (tube_logits - highest)).expm1()
    return highest + below.mean(dim=0).log1p() / sharpness


@MODELS.register_module()
class SoftmaxAttentionHead(TubeHead):
    """A video's logit is the mean of its tubes' logits, weighted by a learned attention that all classes share.

    The weight of a tube with the flattened feature h is the softmax, over the video's tubes, of ``wᵀ tanh(V h)`` or,
    gated, ``wᵀ (tanh(V h) ⊙ sigmoid(U h))``: Eq. 8 and 9 of "Attention-based Deep Multiple Instance Learning".

    Args:
        attention_size: rows of V and U.
        gated: Eq. 9, not Eq. 8.
        rank_by_attention: multiply a tube's score by its weight. The weights of a video add up to 1, so a video with
            many tubes has lower ones.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        attention_size: int = 128,
        gated: bool = True,
        rank_by_attention: bool = False,
        **common,
    ) -> None:
        super().__init__(num_classes, in_channels, **common)
        if attention_size < 1:
            raise ValueError(f"attention_size must be at least 1, got {attention_size}")
        self.attention = TubeAttention(self.num_features, attention_size, gated)
        self.rank_by_attention = rank_by_attention

    def aggregate(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Weighted mean of each class."""
        weights = self.attention(features).float().softmax(dim=0)
        return (weights[:, None] * tube_logits).sum(dim=0)  # a matrix product would be rounded under autocast

    def score_tubes(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """With the logarithms of the weights added, where these count."""
        scores = super().score_tubes(tube_logits, features)
        if not self.rank_by_attention:
            return scores
        return scores + F.log_softmax(self.attention(features).double(), dim=0)[:, None]


class TubeAttention(nn.Module):
    """What the softmax over tubes takes."""

    def __init__(self, num_features: int, hidden_size: int, gated: bool) -> None:
        super().__init__()
        self.hidden = nn.Linear(num_features, hidden_size)  # V
        self.gate = nn.Linear(num_features, hidden_size) if gated else None  # U
        self.score = nn.Linear(hidden_size, 1, bias=False)  # w; what all tubes have in common, a softmax ignores

    def forward(self, features: Tensor) -> Tensor:
        """Scores ``(P,)`` of features ``(P, D)``."""
        hidden = self.hidden(features).tanh()
        if self.gate is not None:
            hidden = hidden * self.gate(features).sigmoid()
        return self.score(hidden).squeeze(1)


@MODELS.register_module()
class SupervisedTubeHead(TubeHead):
    """Learns from the true label of each tube, one of K classes or background: the upper bound.

    The logit of background is 0. A tube shows one class at most, and its score is the log-probability of that class
    among the K classes and background; a video's logit is the highest among its tubes. With ``multi_label`` its
    probability for a class is that of this tube against background.
    """

    learns_from_tubes = True

    def aggregate(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Maximum of each class."""
        return tube_logits.amax(dim=0)

    def log_odds(self, tube_logits: Tensor) -> Tensor:
        """Against the other classes, ``(P, K)`` float64; of one class alone against background."""
        return log_odds_of(tube_logits) if self.num_classes > 1 else tube_logits.double()

    def score_tubes(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Without the score of background."""
        return log_probabilities(with_background(tube_logits))[:, 1:]

    def log_odds_alone(self, pooled: Tensor) -> Tensor:
        """Against the other classes and background, ``(P, K)`` float64."""
        return log_odds_of(with_background(self.forward(pooled).float()))[:, 1:]

    def loss(self, pooled: Tensor, tubes: TubeBatch, labels: Tensor) -> dict[str, Tensor]:
        """Mean cross-entropy of all tubes with their labels ``(P,)`` int64, −1 for background; and ``tube_acc``."""
        logits = with_background(self.forward(pooled).float())
        if not len(labels):
            return {"loss_action": self._no_loss(logits), "tube_acc": logits.new_zeros(())}
        right = (logits.argmax(dim=1) == labels + 1).float().mean()
        return {"loss_action": F.cross_entropy(logits, labels + 1), "tube_acc": right}


def with_background(tube_logits: Tensor) -> Tensor:
    """Logits ``(P, 1 + K)`` of background, which come first, and of the classes."""
    return F.pad(tube_logits, (1, 0))

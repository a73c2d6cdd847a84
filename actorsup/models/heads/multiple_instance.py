"""Multiple-instance learning: how the tubes of a video become its scores, other than by their top k."""

import torch.nn.functional as F
from torch import Tensor, nn

from actorsup.registry import MODELS

from .tube_head import TubeHead


@MODELS.register_module()
class MeanHead(TubeHead):
    """A video's logit for a class is the mean over its tubes. Arguments: see :class:`TubeHead`."""

    def aggregate(self, tube_logits: Tensor, pooled: Tensor) -> Tensor:
        """Mean ``(K,)`` of ``(P, K)``."""
        return tube_logits.mean(dim=0)


@MODELS.register_module()
class MaximumHead(TubeHead):
    """A video's logit for a class is the highest among its tubes. Arguments: see :class:`TubeHead`.

    Only the best tube of each class gets a gradient; equally good ones share it.
    """

    def aggregate(self, tube_logits: Tensor, pooled: Tensor) -> Tensor:
        """Maximum ``(K,)`` of ``(P, K)``."""
        return tube_logits.amax(dim=0)


@MODELS.register_module()
class LogSumExpHead(TubeHead):
    """A video's logit for a class is a smooth maximum over its tubes (Pinheiro and Collobert, 2015).

    It is ``1/r · log(1/P · Σ exp(r · z))``: the mean for small r, the maximum for large. One tube and twenty equal ones
    give the same. A tube gets the share of the gradient that the softmax of ``r · z`` over the tubes gives it.

    Args:
        num_classes: see :class:`TubeHead`, as are the following three.
        in_channels: see there.
        roi_size: see there.
        sharpness: r, above 0, per unit of logit.
        ranking: see there.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        roi_size: tuple[int, int] = (5, 5),
        sharpness: float = 1.0,
        ranking: str = "tube",
    ) -> None:
        super().__init__(num_classes, in_channels, roi_size, ranking)
        if sharpness <= 0:
            raise ValueError(f"sharpness must be above 0, got {sharpness}")
        self.sharpness = sharpness

    def aggregate(self, tube_logits: Tensor, pooled: Tensor) -> Tensor:
        """Smooth maximum ``(K,)`` of ``(P, K)``."""
        # Differences to the highest neither overflow for large r nor, by way of expm1 and log1p, round off for small.
        highest = tube_logits.detach().amax(dim=0)
        below = (self.sharpness * (tube_logits - highest)).expm1()
        return highest + below.mean(dim=0).log1p() / self.sharpness


@MODELS.register_module()
class SoftmaxAttentionHead(TubeHead):
    """A video's logit is the mean of its tubes' logits, weighted by a learned attention that all classes share.

    The weight of a tube with the flattened feature h is the softmax, over the video's tubes, of ``wᵀ tanh(V h)`` or,
    gated, ``wᵀ (tanh(V h) ⊙ sigmoid(U h))``: Eq. 8 and 9 of "Attention-based Deep Multiple Instance Learning".

    Args:
        num_classes: see :class:`TubeHead`, as are the following two and ``ranking``.
        in_channels: see there.
        roi_size: see there.
        attention_size: rows of V and U.
        gated: Eq. 9, not Eq. 8.
        ranking: see there.
        rank_by_attention: a tube's score for a class is the one that ``ranking`` says, times its weight: the
            probability that the tube is the one that acts, and acts so. The weights of a video add up to 1, so a
            video with many tubes has lower ones.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        roi_size: tuple[int, int] = (5, 5),
        attention_size: int = 128,
        gated: bool = True,
        ranking: str = "tube",
        rank_by_attention: bool = False,
    ) -> None:
        super().__init__(num_classes, in_channels, roi_size, ranking)
        if attention_size < 1:
            raise ValueError(f"attention_size must be at least 1, got {attention_size}")
        self.attention = TubeAttention(self.classifier.in_features, attention_size, gated)
        self.rank_by_attention = rank_by_attention

    def aggregate(self, tube_logits: Tensor, pooled: Tensor) -> Tensor:
        """Weighted mean ``(K,)`` of ``(P, K)``."""
        weights = self.attention(pooled.flatten(1)).float().softmax(dim=0)
        return (weights[:, None] * tube_logits).sum(dim=0)  # a matrix product would be rounded under autocast

    def score_tubes(self, tube_logits: Tensor, pooled: Tensor) -> Tensor:
        """See :meth:`TubeHead.score_tubes`; with the logarithms of the weights added, where these count."""
        scores = super().score_tubes(tube_logits, pooled)
        if not self.rank_by_attention:
            return scores
        return scores + F.log_softmax(self.attention(pooled.flatten(1)).double(), dim=0)[:, None]


class TubeAttention(nn.Module):
    """The score of a tube before the softmax, from its feature.

    Args:
        num_features: numbers in a feature.
        hidden_size: rows of V and U.
        gated: multiply by a gate.
    """

    def __init__(self, num_features: int, hidden_size: int, gated: bool) -> None:
        super().__init__()
        self.hidden = nn.Linear(num_features, hidden_size)  # V
        self.gate = nn.Linear(num_features, hidden_size) if gated else None  # U
        self.score = nn.Linear(hidden_size, 1, bias=False)  # w; what all tubes have in common, a softmax ignores

    def forward(self, features: Tensor) -> Tensor:
        """Scores ``(P,)`` of features ``(P, num_features)``."""
        hidden = self.hidden(features).tanh()
        if self.gate is not None:
            hidden = hidden * self.gate(features).sigmoid()
        return self.score(hidden).squeeze(1)

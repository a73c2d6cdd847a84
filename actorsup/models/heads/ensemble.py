"""Several heads that learn beside each other."""

import math

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from actorsup.registry import MODELS
from actorsup.structures import TubeBatch


@MODELS.register_module()
class EnsembleHead(BaseModule):
    """Heads of one kind that begin differently, learn each by itself, and say together what tubes and videos show.

    From labels of videos alone a head may settle on the wrong tubes for a class, and then loses that class whole; for
    which class that happens differs between beginnings. What most of them find remains.

    It fills the seam of a :class:`TubeHead`, whose other methods are those of its members.

    Args:
        member: the type of the members, such as ``"TwoStreamHead"``.
        num_members: how many there are.
        settings: of each member, those of its type.
    """

    def __init__(self, member: str = "OnlineRefinementHead", num_members: int = 5, **settings) -> None:
        super().__init__()
        if num_members < 1:
            raise ValueError(f"num_members must be at least 1, got {num_members}")
        self.members = nn.ModuleList(MODELS.build({"type": member, **settings}) for _ in range(num_members))
        first = self.members[0]
        self.num_classes, self.pooled_shape = first.num_classes, first.pooled_shape
        self.multi_label, self.takes_one_label = first.multi_label, first.takes_one_label
        self.learns_from_tubes = first.learns_from_tubes
        self.predicted_classes: Tensor | None = None

    def forward(self, pooled: Tensor) -> Tensor:
        """Mean logits ``(P, K)`` of tubes from their features ``(P, C, Y, X)``."""
        return torch.stack([member(pooled) for member in self.members]).mean(dim=0)

    def loss(self, pooled: Tensor, tubes: TubeBatch, labels: Tensor) -> dict[str, Tensor]:
        """Of each loss the sum over the members, so that each learns as if it were alone; of the rest the mean.

        From the features ``(P, C, Y, X)`` of tubes, and the labels ``(B, K)`` bool of videos or ``(P,)`` of tubes.
        """
        of_members = [member.loss(pooled, tubes, labels) for member in self.members]
        predicted = [member.predicted_classes for member in self.members]
        self.predicted_classes = None if predicted[0] is None else torch.stack(predicted).mode(dim=0).values
        stacked = {name: torch.stack([losses[name] for losses in of_members]) for name in of_members[0]}
        return {name: each.sum(0) if name.startswith("loss") else each.mean(0) for name, each in stacked.items()}

    def predict(self, pooled: Tensor, tubes: TubeBatch) -> list[tuple[Tensor, Tensor]]:
        """Of each video the mean scores ``(P_b, K)``, as logarithms in float64, and the mean probabilities ``(K,)``."""
        of_members = [member.predict(pooled, tubes) for member in self.members]
        together = []
        for of_video in zip(*of_members, strict=True):
            scores, probabilities = map(torch.stack, zip(*of_video, strict=True))
            together.append((scores.logsumexp(dim=0) - math.log(len(scores)), probabilities.mean(dim=0)))
        return together

    def log_odds_alone(self, pooled: Tensor) -> Tensor:
        """Mean log-odds ``(P, K)`` float64 of tubes that say nothing about each other."""
        return torch.stack([member.log_odds_alone(pooled) for member in self.members]).mean(dim=0)

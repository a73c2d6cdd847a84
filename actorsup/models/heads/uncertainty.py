"""Multiple-instance learning that says how sure it is of the tube that it learns from."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from actorsup.registry import MODELS
from actorsup.structures import TubeBatch

from .tube_head import TubeHead


@MODELS.register_module()
class UncertaintyHead(TubeHead):
    """The best tube of each class speaks for the video, each class by itself, and its loss counts by its certainty.

    A second layer gives each tube and class s, the logarithm of a variance; the loss of a class is ``exp(−s) · L + s``
    of the tube with the highest logit, L its binary cross-entropy, added up over the classes: where no tube shows the
    action, a high variance costs less than to learn from a wrong one. A tube's score is the sigmoid of its logit: it is
    a head of ``multi_label``, whatever that says. After
    "Uncertainty-Aware Weakly Supervised Action Detection from Untrimmed Videos" (Arnab et al., ECCV 2020).
    """

    def __init__(self, num_classes: int, in_channels: int, **common) -> None:
        super().__init__(num_classes, in_channels, **{**common, "multi_label": True})
        self.log_variance = nn.Linear(self.num_features, num_classes)

    def aggregate(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Maximum of each class: log-odds."""
        return tube_logits.amax(dim=0)

    def further_losses(
        self, tube_logits: Tensor, features: Tensor, tubes: TubeBatch, masks: Tensor, labels: Tensor
    ) -> dict[str, Tensor]:
        """``loss_uncertainty``: what the variances change."""
        log_variances = self.log_variance(features).float()
        chosen = [tube_logits[mask].max(dim=0) for mask in masks]
        variances = [
            log_variances[mask].gather(0, best.indices[None])[0] for mask, best in zip(masks, chosen, strict=True)
        ]
        losses, s = (
            self._losses_of_classes(torch.stack([best.values for best in chosen]), labels),
            torch.stack(variances),
        )
        return {"loss_uncertainty": (((-s).exp() - 1) * losses + s).sum() / len(labels)}

    def _losses_of_classes(self, logits: Tensor, labels: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits, labels.to(logits), reduction="none")

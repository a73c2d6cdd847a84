"""The upper bound: every tube is told what it shows."""

import torch.nn.functional as F
from torch import Tensor

from actorsup.registry import MODELS

from .tube_head import TubeHead, log_probabilities


@MODELS.register_module()
class SupervisedTubeHead(TubeHead):
    """Learns from the true label of each tube, one of K classes or background, as detectors with full supervision do.

    The logits of the classes are relative to that of background, which is 0: as good as a logit of its own, because a
    softmax ignores what is added to all. A tube's score for a class is the log-probability of that class among the K
    classes and background. A video's logit is the highest among its tubes. Arguments: see :class:`TubeHead`.
    """

    learns_from_tubes = True

    def aggregate(self, tube_logits: Tensor, pooled: Tensor) -> Tensor:
        """Maximum ``(K,)`` of ``(P, K)``."""
        return tube_logits.amax(dim=0)

    def score_tubes(self, tube_logits: Tensor, pooled: Tensor) -> Tensor:
        """See :meth:`TubeHead.score_tubes`; softmax over the classes and background."""
        return log_probabilities(_with_background(tube_logits))[:, 1:]

    def loss(self, pooled: Tensor, video_index: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Cross-entropy of the tubes' softmax with their labels, the mean over all tubes of the batch.

        Args:
            pooled: ``(P, C, Y, X)``.
            video_index: ``(P,)``; makes no difference.
            labels: ``(P,)`` int64, the tubes' classes; −1 is background.

        Returns:
            ``loss_action``, 0 where there are no tubes, and, for the log, ``tube_acc``: the share of tubes that are
            classified right.
        """
        tube_logits = self.forward(pooled).float()
        if not len(labels):
            return {"loss_action": self._zero_loss(tube_logits), "tube_acc": tube_logits.new_zeros(())}
        logits, targets = _with_background(tube_logits), labels + 1
        return {
            "loss_action": F.cross_entropy(logits, targets),
            "tube_acc": (logits.argmax(dim=1) == targets).float().mean(),
        }


def _with_background(tube_logits: Tensor) -> Tensor:
    """Logits ``(P, 1 + K)`` of background, which come first, and of the classes."""
    return F.pad(tube_logits, (1, 0))

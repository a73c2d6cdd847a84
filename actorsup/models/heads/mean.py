"""Multiple-instance learning without attention: all tubes alike."""

from torch import Tensor

from actorsup.registry import MODELS

from .tube_head import TubeHead


@MODELS.register_module()
class MeanHead(TubeHead):
    """A video's logit for a class is the mean over its tubes. Arguments: see :class:`TubeHead`."""

    def aggregate(self, tube_logits: Tensor, pooled: Tensor) -> Tensor:
        """Mean ``(K,)`` of ``(P, K)``."""
        return tube_logits.mean(dim=0)

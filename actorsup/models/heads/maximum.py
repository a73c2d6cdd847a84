"""Multiple-instance learning with the hardest attention: the best tube alone."""

from torch import Tensor

from actorsup.registry import MODELS

from .tube_head import TubeHead


@MODELS.register_module()
class MaximumHead(TubeHead):
    """A video's logit for a class is the highest among its tubes. Arguments: see :class:`TubeHead`.

    Only the best tube of each class gets a gradient; equally good ones share it.
    """

    def aggregate(self, tube_logits: Tensor, pooled: Tensor) -> Tensor:
        """Maximum ``(K,)`` of ``(P, K)``."""
        return tube_logits.amax(dim=0)

"""The paper's head: attention to the k most relevant actors of each class."""

from torch import Tensor

from actorsup.registry import MODELS

from .tube_head import TubeHead


@MODELS.register_module()
class TopKAttentionHead(TubeHead):
    """A video's logit for a class is the mean of the k highest among its tubes (Section 3.2; k = 12 of 20 tubes).

    Only the tubes selected for some class get a gradient.

    Args:
        num_classes: see :class:`TubeHead`, as are the following three.
        in_channels: see there.
        roi_size: see there.
        topk: the paper's k, at least 1; a video with fewer tubes takes the mean of all of them.
        ranking: see there.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        roi_size: tuple[int, int] = (5, 5),
        topk: int = 12,
        ranking: str = "tube",
    ) -> None:
        super().__init__(num_classes, in_channels, roi_size, ranking)
        if topk < 1:
            raise ValueError(f"topk must be at least 1, got {topk}")
        self.topk = topk

    def aggregate(self, tube_logits: Tensor, pooled: Tensor) -> Tensor:
        """Mean ``(K,)`` of the highest logits of each class among ``(P, K)``."""
        num_selected = min(self.topk, len(tube_logits))
        return tube_logits.topk(num_selected, dim=0).values.mean(dim=0)

"""Multiple-instance learning between mean and maximum."""

from torch import Tensor

from actorsup.registry import MODELS

from .tube_head import TubeHead


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

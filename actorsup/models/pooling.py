"""The seam between feature maps and tube features."""

import torch
from torch import Tensor, nn

from actorsup.ops import actor_roi_pool3d
from actorsup.registry import MODELS
from actorsup.structures import TubeBatch

SMALLEST_VARIANCE = 1e-6  # the gradient of a root is infinite at 0


@MODELS.register_module()
class ActorRoIPool3D(nn.Module):
    """Actor-of-interest pooling (Section 3.2, Eq. 1) on a grid of ``output_size``, ``(Y, X)``; the paper's is 5×5.

    With ``deviation``, which the paper does not have, the standard deviation of each channel follows the means: the
    mean over the frames throws away how an actor moves. It is that of what is averaged, over the frames and, within
    each, over the four cells that a point lies between: ``√(mean of squares − square of mean)``.
    """

    def __init__(self, output_size: tuple[int, int] = (5, 5), deviation: bool = False) -> None:
        super().__init__()
        self.output_size = tuple(output_size)
        self.deviation = deviation

    def forward(self, features: Tensor, tubes: TubeBatch, stride: int) -> Tensor:
        """Features ``(P, C, Y, X)`` of tubes, means over the frames that each covers, from maps ``(B, N, C, H', W')``.

        With ``deviation`` ``(P, 2C, Y, X)``. The stride is in input pixels per cell.
        """
        if not self.deviation:
            return self._mean(features, tubes, stride)
        # In float32: the variance is a difference of large numbers.
        mean = self._mean(features.float(), tubes, stride)
        variance = self._mean(features.float().square(), tubes, stride) - mean.square()
        return torch.cat([mean, variance.clamp(min=SMALLEST_VARIANCE).sqrt()], dim=1).to(features)

    def _mean(self, features: Tensor, tubes: TubeBatch, stride: int) -> Tensor:
        return actor_roi_pool3d(features, tubes.boxes, tubes.video_index, self.output_size, 1 / stride, tubes.weights)

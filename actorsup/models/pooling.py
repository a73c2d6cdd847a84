"""The seam between feature maps and tube features."""

from torch import Tensor, nn

from actorsup.ops import actor_roi_pool3d
from actorsup.registry import MODELS
from actorsup.structures import TubeBatch


@MODELS.register_module()
class ActorRoIPool3D(nn.Module):
    """Actor-of-interest pooling (Section 3.2, Eq. 1) on a grid of ``output_size``, ``(Y, X)``; the paper's is 5×5."""

    def __init__(self, output_size: tuple[int, int] = (5, 5)) -> None:
        super().__init__()
        self.output_size = tuple(output_size)

    def forward(self, features: Tensor, tubes: TubeBatch, stride: int) -> Tensor:
        """Features ``(P, C, Y, X)`` of tubes, means over the frames that each covers, from maps ``(B, N, C, H', W')``.

        The stride is in input pixels per cell.
        """
        return actor_roi_pool3d(features, tubes.boxes, tubes.video_index, self.output_size, 1 / stride, tubes.weights)

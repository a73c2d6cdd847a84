"""The seam between feature maps and tube features."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from actorsup.ops import actor_roi_pool3d
from actorsup.registry import MODELS
from actorsup.structures import TubeBatch

SMALLEST_VARIANCE = 1e-6  # the gradient of a root is infinite at 0


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


@MODELS.register_module()
class ActorStatisticsPool3D(nn.Module):
    """Statistics over time of what the actor-of-interest pooling gives in each frame alone.

    The paper takes the mean, which throws away how an actor moves: somebody who walks, runs or skips looks alike in any
    one frame. The features of all frames are held at once, N times those of ``ActorRoIPool3D``.

    Args:
        output_size: as in ``ActorRoIPool3D``.
        statistics: in their order among the channels, S of them: ``mean``; ``deviation``, the standard deviation;
            ``change``, the mean absolute difference of one sampled frame and the next. Over the frames that count.
    """

    def __init__(
        self, output_size: tuple[int, int] = (5, 5), statistics: Sequence[str] = ("mean", "deviation", "change")
    ) -> None:
        super().__init__()
        if unknown := [name for name in statistics if name not in _STATISTICS]:
            raise ValueError(f"statistics must be of {', '.join(_STATISTICS)}, got {unknown[0]!r}")
        self.pool = ActorRoIPool3D(output_size)
        self.statistics = tuple(statistics)

    def forward(self, features: Tensor, tubes: TubeBatch, stride: int) -> Tensor:
        """Features ``(P, S·C, Y, X)`` of tubes from maps ``(B, N, C, H', W')``; the stride in input pixels per cell."""
        frames, of_tubes = tubes.single_frames()
        pooled = self.pool(features.flatten(0, 1)[:, None], frames, stride)[of_tubes].float()  # (P, N, C, Y, X)
        counts = (tubes.weights > 0).float()[:, :, None, None, None]
        return torch.cat([_STATISTICS[name](pooled, counts) for name in self.statistics], dim=1).to(features)


def _mean(pooled: Tensor, counts: Tensor) -> Tensor:
    return (pooled * counts).sum(dim=1) / counts.sum(dim=1).clamp(min=1)


def _deviation(pooled: Tensor, counts: Tensor) -> Tensor:
    return _mean((pooled - _mean(pooled, counts)[:, None]).square(), counts).clamp(min=SMALLEST_VARIANCE).sqrt()


def _change(pooled: Tensor, counts: Tensor) -> Tensor:
    return _mean((pooled[:, 1:] - pooled[:, :-1]).abs(), counts[:, 1:] * counts[:, :-1])


_STATISTICS = {"mean": _mean, "deviation": _deviation, "change": _change}

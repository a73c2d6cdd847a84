"""The seam between feature maps and tube features."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from actorsup.ops import actor_roi_pool3d
from actorsup.ops.reference import pool_frames
from actorsup.registry import MODELS
from actorsup.structures import TubeBatch

SMALLEST_VARIANCE = 1e-6  # the gradient of a root is infinite at 0


class TubePooling(nn.Module):
    """Pools one feature for every tube on a grid of ``output_size``, ``(Y, X)``; the paper's is 5×5.

    Every pooling is a statistic over time, :meth:`over_time`, of what :meth:`of_frames` gives in each frame alone. That
    does not depend on the statistic, and can be stored (``actorsup extract-features``).

    A frame is a map here: of an encoder with a stride in time there are fewer of them than sampled frames, and the
    tubes are taken at their times (``TubeBatch.at_maps``).
    """

    def __init__(self, output_size: tuple[int, int] = (5, 5)) -> None:
        super().__init__()
        self.output_size = tuple(output_size)

    def forward(self, features: Tensor, tubes: TubeBatch, stride: int) -> Tensor:
        """Features ``(P, C', Y, X)`` of tubes from maps ``(B, N, C, H', W')``; the stride in input pixels per cell."""
        return self.over_time(self.of_frames(features, tubes, stride), tubes.weights)

    def of_frames(self, features: Tensor, tubes: TubeBatch, stride: int) -> Tensor:
        """Features ``(P, N, C, Y, X)`` of every tube in every frame alone, from maps ``(B, N, C, H', W')``.

        Those of all frames are held at once, N times as many as the operator gives for whole tubes.
        """
        if torch.compiler.is_exporting():  # of one video
            return pool_frames(features[0], tubes.boxes, self.output_size, 1 / stride)
        frames, of_tubes = tubes.single_frames()
        maps = features.flatten(0, 1)[:, None]
        pooled = actor_roi_pool3d(maps, frames.boxes, frames.video_index, self.output_size, 1 / stride, frames.weights)
        return pooled[of_tubes]

    @abstractmethod
    def over_time(self, frame_features: Tensor, weights: Tensor) -> Tensor:
        """Features ``(P, C', Y, X)`` of tubes from those in single frames, ``(P, N, C, Y, X)``, of the same type.

        ``weights`` ``(P, N)`` say how much each frame counts, 0 for one that does not.
        """


@MODELS.register_module()
class ActorRoIPool3D(TubePooling):
    """Actor-of-interest pooling (Section 3.2, Eq. 1): the mean over the frames that a tube covers; C' is C."""

    def forward(self, features: Tensor, tubes: TubeBatch, stride: int) -> Tensor:
        """Features ``(P, C, Y, X)`` of tubes from maps ``(B, N, C, H', W')``; the stride in input pixels per cell."""
        return actor_roi_pool3d(features, tubes.boxes, tubes.video_index, self.output_size, 1 / stride, tubes.weights)

    def over_time(self, frame_features: Tensor, weights: Tensor) -> Tensor:
        """The weighted mean, 0 where no frame counts, as the operator gives it for whole tubes."""
        return mean_over_time(frame_features, weights)


@MODELS.register_module()
class ActorStatisticsPool3D(TubePooling):
    """Statistics over time of what the actor-of-interest pooling gives in each frame alone; C' is S·C.

    The paper takes the mean, which throws away how an actor moves: somebody who walks, runs or skips looks alike in any
    one frame.

    Args:
        output_size: as in ``TubePooling``.
        statistics: in their order among the channels, S of them: ``mean``; ``deviation``, the standard deviation;
            ``change``, the mean absolute difference of one sampled frame and the next. Over the frames that count.
    """

    def __init__(
        self, output_size: tuple[int, int] = (5, 5), statistics: Sequence[str] = ("mean", "deviation", "change")
    ) -> None:
        super().__init__(output_size)
        if unknown := [name for name in statistics if name not in _STATISTICS]:
            raise ValueError(f"statistics must be of {', '.join(_STATISTICS)}, got {unknown[0]!r}")
        self.statistics = tuple(statistics)

    def over_time(self, frame_features: Tensor, weights: Tensor) -> Tensor:
        """The statistics ``(P, S·C, Y, X)``, over the frames of a weight above 0."""
        pooled, counts = frame_features.flatten(2).float(), (weights > 0).float()
        statistics = [
            _STATISTICS[name](pooled, counts).unflatten(1, frame_features.shape[2:]) for name in self.statistics
        ]
        return torch.cat(statistics, dim=1).to(frame_features)


def mean_over_time(frame_features: Tensor, weights: Tensor) -> Tensor:
    """The weighted mean ``(P, C, Y, X)`` of features ``(P, N, C, Y, X)``, 0 where no frame counts."""
    return _mean(frame_features.flatten(2).float(), weights).unflatten(1, frame_features.shape[2:]).to(frame_features)


def _mean(features: Tensor, weights: Tensor) -> Tensor:
    """The mean ``(P, F)`` of features ``(P, N, F)`` with weights ``(P, N)``, float32; 0 where all these are 0."""
    shares = weights / weights.sum(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
    with torch.autocast(features.device.type, enabled=False):
        return (shares[:, None] @ features)[:, 0]


def _deviation(features: Tensor, counts: Tensor) -> Tensor:
    centered = features - _mean(features, counts)[:, None]
    return _mean(centered.square(), counts).clamp(min=SMALLEST_VARIANCE).sqrt()


def _change(features: Tensor, counts: Tensor) -> Tensor:
    return _mean((features[:, 1:] - features[:, :-1]).abs(), counts[:, 1:] * counts[:, :-1])


_STATISTICS = {"mean": _mean, "deviation": _deviation, "change": _change}

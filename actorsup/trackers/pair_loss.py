"""What a Siamese network is trained towards: high responses at the target, low ones elsewhere."""

import torch
import torch.nn.functional as F
from torch import Tensor


def cell_displacements(size: int, stride: int) -> Tensor:
    """Displacement (x, y) ``(R, R, 2)``, in pixels of the search crop, that each cell of a response stands for.

    The middle of the response is the middle of the crop: there the target did not move.
    """
    steps = (torch.arange(size) - (size - 1) / 2) * stride
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([x, y], dim=-1)


def positive_cells(offsets: Tensor, size: int, stride: int, radius: float) -> Tensor:
    """Which cells ``(P, R, R)`` of the responses show the target: those within ``radius`` pixels of it (SiamFC, Eq. 4).

    Args:
        offsets: ``(P, 2)``, where the target is: (x, y) from the centre of the search crop, in its pixels.
        size: R, cells along a side of the response.
        stride: pixels between cells.
        radius: in pixels of the search crop.
    """
    displacements = cell_displacements(size, stride).to(offsets)
    return (displacements - offsets[:, None, None]).norm(dim=-1) <= radius


def balanced_logistic_loss(responses: Tensor, positives: Tensor) -> Tensor:
    """Logistic loss ``(P,)`` of responses ``(P, R, R)``; positive and negative cells weigh one half each, all together.

    Where a pair has no cell of one kind, that kind adds nothing.
    """
    losses = F.binary_cross_entropy_with_logits(responses, positives.to(responses), reduction="none")
    halves = [_mean_where(losses, cells) / 2 for cells in (positives, ~positives)]
    return halves[0] + halves[1]


def balanced_accuracy(responses: Tensor, positives: Tensor) -> Tensor:
    """Share ``(P,)`` of cells whose logit has the right sign, the mean of the two kinds' shares."""
    correct = ((responses > 0) == positives).to(responses)
    return (_mean_where(correct, positives) + _mean_where(correct, ~positives)) / 2


def _mean_where(values: Tensor, cells: Tensor) -> Tensor:
    return (values * cells).sum(dim=(1, 2)) / cells.sum(dim=(1, 2)).clamp(min=1)

"""Fully convolutional Siamese networks: an embedding, its correlation with itself, and how it is trained."""

import math

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel, BaseModule
from torch import Tensor, nn

from actorsup.errors import InputError
from actorsup.registry import MODELS


def cross_correlate(templates: Tensor, searches: Tensor) -> Tensor:
    """Correlate templates ``(P, C, h, w)`` with regions ``(P, S, C, H, W)``: ``(P, S, H − h + 1, W − w + 1)``.

    One matrix product of all cells with all cells is many times faster than a convolution with one group a target.
    """
    (height, width), (full_height, full_width) = templates.shape[2:], searches.shape[3:]
    num_full_cells = full_height * full_width
    products = templates.flatten(2).transpose(1, 2)[:, None] @ searches.flatten(3)
    products = products.contiguous()  # (P, S, h · w, H · W)
    # Seen as (P, S, y, x, h, w): the product of template cell (h, w) with cell (y + h, x + w) of the region.
    windows = products.as_strided(
        (*products.shape[:2], full_height - height + 1, full_width - width + 1, height, width),
        (*products.stride()[:2], full_width, 1, width * num_full_cells + full_width, num_full_cells + 1),
    )
    return windows.sum(dim=(4, 5))


def window_means(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Means ``(…, H − h + 1, W − w + 1)`` of every window of ``size = (h, w)`` of maps ``(…, H, W)``."""
    # Two products with a band of ones: for large windows far fewer operations than average pooling's.
    over_rows, over_columns = (
        maps.new_ones((full - length + 1, full)).triu().tril(length - 1) / length
        for full, length in zip(maps.shape[-2:], size, strict=True)
    )
    return over_rows @ (maps @ over_columns.T)


@MODELS.register_module()
class CrossCorrelation(nn.Module):
    """Correlates each target's template with its search regions.

    Args:
        scale: factor of the plain correlation, which would saturate a logistic loss (SiamFC: 1e-3).
        normalized: take the zero-mean normalized cross-correlation, in [-1, 1], instead: it suits features that were
            not trained to be correlated.
        trainable: learn a logit ``exp(log_scale) · response + bias`` that starts at ``scale`` and 0. A cosine's scale
            should start near 10.
    """

    def __init__(self, scale: float = 1e-3, normalized: bool = False, trainable: bool = False) -> None:
        super().__init__()
        if scale <= 0:
            raise InputError(f"the scale of a correlation must be positive, got {scale}")
        self.scale = scale
        self.normalized = normalized
        self.trainable = trainable
        if trainable:
            self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))  # one learning rate suits 1e-3 and 10
            self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, templates: Tensor, searches: Tensor) -> Tensor:
        """Responses ``(P, S, R, R)`` of templates ``(P, C, h, w)`` in ``S`` search regions each ``(P, S, C, H, W)``."""
        responses = self._cosines(templates, searches) if self.normalized else cross_correlate(templates, searches)
        if self.trainable:
            return responses * self.log_scale.exp() + self.bias
        return responses if self.normalized else responses * self.scale

    def _cosines(self, templates: Tensor, searches: Tensor) -> Tensor:
        templates = templates - templates.mean(dim=(2, 3), keepdim=True)
        templates = F.normalize(templates.flatten(1), dim=1).view_as(templates)
        responses = cross_correlate(templates, searches)
        size = templates.shape[2:]
        power = window_means(searches.square().sum(dim=2), size)  # (P, S, R, R)
        variance = (power - window_means(searches, size).square().sum(dim=2)).clamp(min=0)
        # A window that is flat but for rounding resembles nothing; the root of 0 would have an infinite gradient.
        return torch.where(variance <= 1e-6 * power, 0, responses / (variance * size.numel()).clamp(min=1e-12).sqrt())

    def confidence(self, peaks: Tensor) -> Tensor:
        """Peaks of the response, of any shape, as scores in [0, 1].

        The logistic of a logit, the positive part of a cosine.
        """
        return peaks.clamp(0, 1) if self.normalized and not self.trainable else peaks.sigmoid()


@MODELS.register_module()
class SiameseNetwork(BaseModule):
    """A backbone that embeds exemplar and search crops alike, and the correlation that compares them (SiamFC).

    Args:
        backbone: config of a module ``(K, 3, h, w) -> (K, C, h', w')`` with an integer ``stride``.
        correlation: config of the comparison.
        template_cells: side of the centre of the exemplar's features that is the template; None keeps all. The outer
            cells of a padded backbone see its padding (7 in SiamRPN++, Li et al. 2019).
    """

    def __init__(self, backbone: dict, correlation: dict | None = None, template_cells: int | None = None) -> None:
        super().__init__()
        self.template_cells = template_cells
        self.backbone = MODELS.build(backbone)
        self.correlation = MODELS.build(correlation or {"type": "CrossCorrelation"})
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225])[:, None, None], persistent=False)

    @property
    def stride(self) -> int:
        """Pixels of a crop between neighbouring cells of the response."""
        return self.backbone.stride

    def preprocess(self, image: Tensor) -> Tensor:
        """An RGB image ``(3, H, W)`` of 0 … 255, normalised as torchvision's ImageNet models expect it."""
        return (image / 255 - self.mean) / self.std

    def embed(self, crops: Tensor) -> Tensor:
        """Features ``(K, C, h', w')`` of preprocessed crops ``(K, 3, h, w)``."""
        return self.backbone(crops.contiguous(memory_format=torch.channels_last))

    def to_templates(self, features: Tensor) -> Tensor:
        """Templates ``(P, C, h, w)`` of features ``(P, C, h', w')`` of exemplars."""
        size = features.shape[-1]
        margin, remainder = divmod(size - (self.template_cells or size), 2)
        if margin < 0 or remainder:
            problem = f"template_cells={self.template_cells} cannot be the centre of exemplar features of {size} cells"
            raise InputError(f"{problem}: choose one of {list(range(size, 0, -2))}")
        return features[..., margin : size - margin, margin : size - margin]

    def forward(self, exemplars: Tensor, searches: Tensor) -> Tensor:
        """Responses ``(P, S, R, R)`` of exemplar crops ``(P, 3, h, w)`` in search crops ``(P, S, 3, H, W)``."""
        embedded = self.embed(searches.flatten(0, 1)).unflatten(0, searches.shape[:2])
        return self.correlation(self.to_templates(self.embed(exemplars)), embedded)


def cell_displacements(size: int, stride: int) -> Tensor:
    """Displacement (x, y) ``(R, R, 2)`` in pixels of the search crop that each cell of a response stands for."""
    steps = (torch.arange(size) - (size - 1) / 2) * stride
    return torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=-1)


def positive_cells(offsets: Tensor, size: int, stride: int, radius: float) -> Tensor:
    """Which cells ``(P, R, R)`` of the responses show the target: those within ``radius`` pixels of it (SiamFC, Eq. 4).

    ``offsets (P, 2)`` say where the target is: (x, y) from the centre of the search crop, in its pixels.
    """
    return (cell_displacements(size, stride).to(offsets) - offsets[:, None, None]).norm(dim=-1) <= radius


def balanced_logistic_loss(responses: Tensor, positives: Tensor) -> Tensor:
    """Logistic loss ``(P,)`` of responses ``(P, R, R)``: the cells of each kind, if any, weigh one half."""
    losses = F.binary_cross_entropy_with_logits(responses, positives.to(responses), reduction="none")
    return _mean_of_kinds(losses, positives)


def balanced_accuracy(responses: Tensor, positives: Tensor) -> Tensor:
    """Share ``(P,)`` of cells whose logit has the right sign, the mean of the two kinds' shares."""
    return _mean_of_kinds(((responses > 0) == positives).to(responses), positives)


def _mean_of_kinds(values: Tensor, positives: Tensor) -> Tensor:
    sums = [(values * cells).sum(dim=(1, 2)) / cells.sum(dim=(1, 2)).clamp(min=1) for cells in (positives, ~positives)]
    return (sums[0] + sums[1]) / 2


@MODELS.register_module()
class SiamesePairs(BaseModel):
    """Trains a Siamese network to respond where a search crop shows the exemplar's target (SiamFC, Sec. 2.2).

    ``SiameseTracker`` takes its checkpoints, with the same ``network``.

    Args:
        network: config of a ``SiameseNetwork``; its correlation should learn its scale (``trainable``) or have one
            that does not saturate the logistic function.
        positive_radius: of the positive cells around the target, in pixels of the search crop.
        response_upsampling: how much finer than the stride the peak is located when predicting.
    """

    def __init__(self, network: dict, positive_radius: float = 16.0, response_upsampling: int = 16) -> None:
        super().__init__()
        if positive_radius <= 0:
            raise InputError(f"positive_radius must be positive, got {positive_radius}")
        self.network = MODELS.build(network)
        self.positive_radius = positive_radius
        self.response_upsampling = response_upsampling

    def forward(
        self, exemplar: Tensor, search: Tensor, offset: Tensor, mode: str = "tensor"
    ) -> Tensor | dict[str, Tensor] | list[dict[str, float]]:
        """Compare P pairs of crops ``(P, 3, h, w)`` and offsets ``(P, 2)``, batched as ``PairDataset`` gives them.

        Mode ``tensor`` returns the responses ``(P, R, R)``; ``loss`` the mean loss and, to watch, the balanced
        ``accuracy``; ``predict`` a dict a pair: ``loss``, ``accuracy``, ``center_error`` in pixels of the crop.
        """
        preprocess = self.network.preprocess
        responses = self.network(preprocess(exemplar.float()), preprocess(search.float())[:, None])[:, 0]
        if mode == "tensor":
            return responses
        positives = positive_cells(offset, responses.shape[-1], self.network.stride, self.positive_radius)
        losses = balanced_logistic_loss(responses, positives)
        accuracy = balanced_accuracy(responses.detach(), positives)
        if mode == "loss":
            return {"loss": losses.mean(), "accuracy": accuracy.mean()}
        factor = self.response_upsampling
        fine = F.interpolate(responses[:, None], scale_factor=factor, mode="bicubic", align_corners=False)[:, 0]
        errors = (peaks_from_center(fine) * (self.network.stride / factor) - offset).norm(dim=1)
        rows = torch.stack([losses, accuracy, errors], dim=1).tolist()
        return [dict(zip(("loss", "accuracy", "center_error"), row, strict=True)) for row in rows]


def peaks_from_center(responses: Tensor) -> Tensor:
    """Where each of responses ``(P, R, R)`` is highest: (x, y) ``(P, 2)`` in cells from the centre."""
    size = responses.shape[-1]
    peak = responses.flatten(1).argmax(dim=1)
    return torch.stack([peak % size, peak // size], dim=1) - (size - 1) / 2

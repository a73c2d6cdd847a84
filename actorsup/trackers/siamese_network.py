"""The similarity of a fully convolutional Siamese network: one embedding, correlated with itself."""

import math

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from actorsup.errors import InputError
from actorsup.registry import MODELS


@MODELS.register_module()
class CrossCorrelation(nn.Module):
    """Correlates each target's template with its search regions.

    Args:
        scale: factor of the plain correlation, which is large and would saturate a logistic loss (SiamFC: 1e-3).
        normalized: zero-mean normalized cross-correlation instead: the cosine, in [-1, 1], between template and window,
            each without its mean a channel. It compares patterns rather than energy, which makes features usable that
            were never trained to be correlated.
        trainable: the response, plain or normalized, becomes a logit, ``exp(log_scale) · response + bias``, whose scale
            (it starts at ``scale``) and bias (it starts at 0) are learned. A cosine's scale should start near 10.
    """

    def __init__(self, scale: float = 1e-3, normalized: bool = False, trainable: bool = False) -> None:
        super().__init__()
        if scale <= 0:
            raise InputError(f"the scale of a correlation must be positive, got {scale}")
        self.scale = scale
        self.normalized = normalized
        self.trainable = trainable
        if trainable:
            # The logarithm: steps of one learning rate suit a factor of 1e-3 as well as one of 10.
            self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))
            self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, templates: Tensor, searches: Tensor) -> Tensor:
        """Responses ``(P, S, R, R)`` of templates ``(P, C, h, w)`` in ``S`` search regions each ``(P, S, C, H, W)``."""
        responses = self._cosines(templates, searches) if self.normalized else _sums_of_products(templates, searches)
        if self.trainable:
            return responses * self.log_scale.exp() + self.bias
        return responses if self.normalized else responses * self.scale

    def _cosines(self, templates: Tensor, searches: Tensor) -> Tensor:
        height, width = templates.shape[2:]
        templates = templates - templates.mean(dim=(2, 3), keepdim=True)
        templates = F.normalize(templates.flatten(1), dim=1).view_as(templates)
        responses = _sums_of_products(templates, searches)
        windows = searches.flatten(0, 1)
        mean = F.avg_pool2d(windows, (height, width), stride=1)
        power = F.avg_pool2d(windows.square(), (height, width), stride=1)
        variance = (power - mean.square()).clamp(min=0).sum(dim=1).view_as(responses)
        # A window that is flat but for rounding resembles nothing.
        is_flat = variance <= 1e-6 * power.sum(dim=1).view_as(responses)
        # (The root of 0 would have an infinite gradient.)
        return torch.where(is_flat, 0, responses / (variance * (height * width)).clamp(min=1e-12).sqrt())

    def confidence(self, peaks: Tensor) -> Tensor:
        """Peaks of the response as scores in [0, 1]: the logistic of a logit, the positive part of a cosine."""
        return peaks.clamp(0, 1) if self.normalized and not self.trainable else peaks.sigmoid()


def _sums_of_products(templates: Tensor, searches: Tensor) -> Tensor:
    # Each target is a group of one grouped convolution.
    grouped = searches.transpose(0, 1).flatten(1, 2)  # (S, P * C, H, W)
    return F.conv2d(grouped, templates, groups=len(templates)).transpose(0, 1)


@MODELS.register_module()
class SiameseNetwork(BaseModule):
    """A backbone that embeds exemplar and search crops alike, and the correlation that compares them (SiamFC).

    Args:
        backbone: config of a module ``(K, 3, h, w) -> (K, C, h', w')`` with an integer ``stride``.
        correlation: config of the comparison.
    """

    def __init__(self, backbone: dict, correlation: dict | None = None) -> None:
        super().__init__()
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

    def forward(self, exemplars: Tensor, searches: Tensor) -> Tensor:
        """Responses ``(P, S, R, R)`` of exemplar crops ``(P, 3, h, w)`` in search crops ``(P, S, 3, H, W)``."""
        embedded = self.embed(searches.flatten(0, 1)).unflatten(0, searches.shape[:2])
        return self.correlation(self.embed(exemplars), embedded)

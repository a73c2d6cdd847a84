"""The model that trains a Siamese network on pairs of crops."""

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from torch import Tensor

from actorsup.errors import InputError
from actorsup.registry import MODELS

from .pair_loss import balanced_accuracy, balanced_logistic_loss, positive_cells


@MODELS.register_module()
class SiamesePairs(BaseModel):
    """Learns, from an exemplar and a search crop of one target, to respond where the target is (SiamFC, Sec. 2.2).

    Its checkpoints are what ``SiameseTracker(network, checkpoint)`` takes, with the same ``network``.

    Args:
        network: config of a ``SiameseNetwork``; its correlation should have a scale at which the logistic function is
            not saturated, or learn it (``trainable``).
        positive_radius: cells within so many pixels (of the search crop) of the target's place are positive.
        response_upsampling: how much finer than the stride the peak is located when predicting, as the tracker does.
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
        """Compare P pairs.

        Args:
            exemplar: ``(P, 3, h, w)`` uint8 RGB crops with the target in the middle.
            search: ``(P, 3, H, W)`` uint8 RGB crops.
            offset: ``(P, 2)``, the target's place (x, y) in the search crop, in its pixels from its centre.
            mode: as mmengine's runner calls models.

        Returns:
            The responses ``(P, R, R)`` for ``tensor``; for ``loss`` the mean loss and, to watch, the balanced
            ``accuracy``; for ``predict`` a dict a pair: ``loss``, ``accuracy`` and ``center_error`` in pixels of the
            search crop.
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
        errors = (self._peaks(responses) - offset).norm(dim=1)
        return [
            {"loss": loss, "accuracy": share, "center_error": error}
            for loss, share, error in zip(losses.tolist(), accuracy.tolist(), errors.tolist(), strict=True)
        ]

    def _peaks(self, responses: Tensor) -> Tensor:
        """Where the responses are highest: (x, y) ``(P, 2)`` in pixels of the search crop from its centre."""
        factor = self.response_upsampling
        fine = F.interpolate(responses[:, None], scale_factor=factor, mode="bicubic", align_corners=False)[:, 0]
        size = fine.shape[-1]
        peak = fine.flatten(1).argmax(dim=1)
        steps = torch.stack([peak % size, peak // size], dim=1) - (size - 1) / 2
        return steps * (self.network.stride / factor)

"""The multi-scale fully convolutional Siamese tracker (SiamFC), for many targets at once."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from actorsup.errors import InputError
from actorsup.registry import MODELS, TRACKERS
from actorsup.structures import clip_boxes
from actorsup.utils import load_checkpoint, pick_device

from .crops import context_sides, crop_squares
from .tracker import Tracker


@TRACKERS.register_module()
class SiameseTracker(Tracker):
    """Searches each target's first appearance around its last place, in several scales.

    All targets × scales of a frame are one batch. The exemplar stays fixed. The defaults are SiamFC's published
    constants for three scales.

    Args:
        network: config of a ``SiameseNetwork``.
        checkpoint: its trained weights, a file or a URL, of the network itself or of the ``SiamesePairs`` that trained
            it; None where the backbone's own weights are all there is.
        exemplar_size: side in pixels of the resized crop that shows the target with its context.
        search_size: side in pixels of the resized crop that is searched, at the exemplar's magnification.
        response_upsampling: how much finer than the network's stride the peak is located (bicubic).
        num_scales: search regions of ``scale_step ** {…, -1, 0, 1, …}`` times the target's scale.
        scale_step: ratio of neighbouring scales.
        scale_penalty: factor of the peak of every scale but the middle one.
        scale_rate: share of the found change of scale that is taken over.
        window_influence: weight of the cosine window that favours small displacements.
        device: where the network runs; None takes the GPU where there is one.
    """

    SCALE_LIMITS = (0.2, 5.0)  # of the first size

    def __init__(
        self,
        network: dict,
        checkpoint: str | None = None,
        exemplar_size: int = 127,
        search_size: int = 255,
        response_upsampling: int = 16,
        num_scales: int = 3,
        scale_step: float = 1.0375,
        scale_penalty: float = 0.9745,
        scale_rate: float = 0.59,
        window_influence: float = 0.176,
        device: str | None = None,
    ) -> None:
        if num_scales < 1 or num_scales % 2 == 0:
            raise InputError(f"num_scales must be odd, so that one scale is the present one; got {num_scales}")
        self.device = pick_device(device)
        self.network = MODELS.build(network)
        self.network.backbone.init_weights()
        if checkpoint is not None:
            load_checkpoint(self.network, checkpoint, owner="SiameseTracker", part="network")
        self.network.to(self.device, memory_format=torch.channels_last).eval()
        self.exemplar_size = exemplar_size
        self.search_size = search_size
        self.response_upsampling = response_upsampling
        exponents = torch.arange(num_scales, device=self.device) - num_scales // 2
        self.scales = scale_step ** exponents.float()
        self.scale_penalties = torch.where(exponents == 0, 1.0, scale_penalty)
        self.scale_rate = scale_rate
        self.window_influence = window_influence

    @torch.inference_mode()
    def init(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """See ``Tracker.init``."""
        boxes = torch.from_numpy(np.asarray(boxes, dtype=np.float32)).to(self.device)
        if boxes.ndim != 2 or boxes.shape[1] != 4 or not (boxes[:, 2:] > boxes[:, :2]).all():
            raise ValueError(f"targets must be boxes (P, 4) of positive width and height, got {boxes.tolist()}")
        self.centers = (boxes[:, :2] + boxes[:, 2:]) / 2
        self.sizes = boxes[:, 2:] - boxes[:, :2]
        self.first_sizes = self.sizes
        crops = crop_squares(self._tensor(image), self.centers, context_sides(self.sizes), self.exemplar_size)
        self.templates = self.network.embed(crops)

    @torch.inference_mode()
    def update(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See ``Tracker.update``."""
        sides = context_sides(self.sizes) * (self.search_size / self.exemplar_size)
        responses = self._respond(image, sides[:, None] * self.scales)  # (P, S, R, R)
        best_scale, response, scores = self._choose_scale(responses)
        # Cells of the upsampled response → pixels of the crop → pixels of the image.
        pixels = self.network.stride / self.response_upsampling
        crop_to_image = sides * self.scales[best_scale] / self.search_size
        self.centers = self.centers + self._displacements(response) * pixels * crop_to_image[:, None]
        height, width = image.shape[:2]
        self.centers = self.centers.clamp(torch.zeros(2, device=self.device), self.centers.new_tensor([width, height]))
        change = 1 - self.scale_rate + self.scale_rate * self.scales[best_scale]
        smallest, largest = self.SCALE_LIMITS
        self.sizes = (self.sizes * change[:, None]).clamp(self.first_sizes * smallest, self.first_sizes * largest)
        boxes = torch.cat([self.centers - self.sizes / 2, self.centers + self.sizes / 2], dim=1)
        return clip_boxes(boxes.cpu().numpy(), (width, height)), scores.cpu().numpy()

    def _tensor(self, image: np.ndarray) -> Tensor:
        return self.network.preprocess(torch.from_numpy(image).to(self.device).permute(2, 0, 1).float())

    def _respond(self, image: np.ndarray, sides: Tensor) -> Tensor:
        """Responses ``(P, S, R, R)`` in search regions of the given sides ``(P, S)`` around the targets."""
        num_targets, num_scales = sides.shape
        centers = self.centers.repeat_interleave(num_scales, dim=0)
        crops = crop_squares(self._tensor(image), centers, sides.flatten(), self.search_size)
        searches = self.network.embed(crops).unflatten(0, (num_targets, num_scales))
        return self.network.correlation(self.templates, searches)

    def _choose_scale(self, responses: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of each target the scale ``(P,)`` with the highest penalised peak, its upsampled response, its confidence."""
        factor = self.response_upsampling
        upsampled = F.interpolate(responses, scale_factor=factor, mode="bicubic", align_corners=False)
        peaks = upsampled.amax(dim=(2, 3))
        # A factor below 1 would reward a negative peak.
        penalised = torch.where(peaks > 0, peaks * self.scale_penalties, peaks / self.scale_penalties)
        best = penalised.argmax(dim=1)
        targets = torch.arange(len(best), device=best.device)
        return best, upsampled[targets, best], self.network.correlation.confidence(peaks[targets, best])

    def _displacements(self, responses: Tensor) -> Tensor:
        """Of each target the place (x, y) ``(P, 2)`` of the windowed peak, in upsampled cells from the centre."""
        size = responses.shape[-1]
        responses = responses - responses.amin(dim=(1, 2), keepdim=True)
        responses = responses / responses.sum(dim=(1, 2), keepdim=True).clamp(min=1e-12)
        hann = torch.hann_window(size, periodic=False, device=responses.device)
        window = hann[:, None] * hann[None]
        mixed = (1 - self.window_influence) * responses + self.window_influence * window / window.sum()
        peak = mixed.flatten(1).argmax(dim=1)
        return torch.stack([peak % size, peak // size], dim=1) + 0.5 - size / 2

"""The multi-scale fully convolutional Siamese tracker (SiamFC), for many targets at once."""

import copy
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from actorsup.device import pick_device
from actorsup.errors import InputError
from actorsup.io.checkpoints import load_checkpoint
from actorsup.registry import MODELS, TRACKERS
from actorsup.structures import clip_boxes

from .crops import EXEMPLAR_SIZE, SEARCH_SIZE, context_sides
from .region_features import CropFeatures, SharedFeatures
from .siamese_network import peaks_from_center
from .tracker import Tracker, check_targets


class _Targets(NamedTuple):
    """Of ``P`` targets: templates ``(P, C, h, w)``; sizes (width, height) and centres (x, y) ``(P, 2)`` in pixels.

    Templates are where the network is. The rest is on the CPU, for what is computed from a few numbers takes a GPU as
    long as what it is there for.
    """

    templates: Tensor
    first_sizes: Tensor
    centers: Tensor
    sizes: Tensor


@TRACKERS.register_module()
class SiameseTracker(Tracker):
    """Searches each target's first appearance around its last place, in several scales.

    The defaults are SiamFC's published constants for three scales.

    Args:
        network: config of a ``SiameseNetwork``.
        checkpoint: file or URL of weights of the network or of the ``SiamesePairs`` that trained it; None: the
            backbone's own.
        response_upsampling: how much finer than the network's stride the peak is located (bicubic).
        num_scales: search regions of ``scale_step ** {…, -1, 0, 1, …}`` times the target's scale.
        scale_step: ratio of neighbouring scales.
        scale_penalty: factor of the peak of every scale but the middle one.
        scale_rate: share of the found change of scale that is taken over.
        window_influence: weight of the cosine window that favours small displacements.
        shared_features: use ``SharedFeatures``: much faster with many targets, a little less exact.
        device: where the network runs; None takes the GPU where there is one.
    """

    SCALE_LIMITS = (0.2, 5.0)  # of the first size

    def __init__(
        self,
        network: dict,
        checkpoint: str | None = None,
        response_upsampling: int = 16,
        num_scales: int = 3,
        scale_step: float = 1.0375,
        scale_penalty: float = 0.9745,
        scale_rate: float = 0.59,
        window_influence: float = 0.176,
        shared_features: bool = False,
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
        self.region_features = (SharedFeatures if shared_features else CropFeatures)(self.network)
        # On a CPU each target by itself, as the order of a sum may depend on their number. Shared features, which are
        # not exact anyway, are faster a few together, as far as the cache holds them.
        self.num_searched_together = 8 if shared_features else 1
        self.response_upsampling = response_upsampling
        exponents = torch.arange(num_scales) - num_scales // 2
        self.scales = scale_step ** exponents.float()
        self.scale_penalties = torch.where(exponents == 0, 1.0, scale_penalty).to(self.device)
        self.scale_rate = scale_rate
        self.window_influence = window_influence

    def init(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """See ``Tracker.init``."""
        self.targets = None
        self.add(image, boxes)

    @torch.inference_mode()
    def add(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """See ``Tracker.add``."""
        boxes = torch.from_numpy(check_targets(boxes))
        centers = (boxes[:, :2] + boxes[:, 2:]) / 2
        sizes = boxes[:, 2:] - boxes[:, :2]
        sides = context_sides(sizes)[:, None]
        exemplars = self.region_features(image, centers, sides, EXEMPLAR_SIZE).squeeze(1)
        added = _Targets(self.network.to_templates(exemplars), sizes, centers, sizes)
        if self.targets is not None:
            added = _Targets(*(torch.cat(both) for both in zip(self.targets, added, strict=True)))
        self.targets = added

    @torch.inference_mode()
    def update(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See ``Tracker.update``."""
        targets, (height, width) = self.targets, image.shape[:2]
        sides = context_sides(targets.sizes) * (SEARCH_SIZE / EXEMPLAR_SIZE)
        regions = self.region_features(image, targets.centers, sides[:, None] * self.scales, SEARCH_SIZE)
        best_scale, displacements, scores = self._search(targets.templates, regions)
        # Cells of the upsampled response → pixels of the crop → pixels of the image.
        pixels = self.network.stride / self.response_upsampling
        crop_to_image = sides * self.scales[best_scale] / SEARCH_SIZE
        centers = targets.centers + displacements * pixels * crop_to_image[:, None]
        centers = centers.clamp(centers.new_zeros(2), centers.new_tensor([width, height]))
        change = 1 - self.scale_rate + self.scale_rate * self.scales[best_scale]
        smallest, largest = (limit * targets.first_sizes for limit in self.SCALE_LIMITS)
        sizes = (targets.sizes * change[:, None]).clamp(smallest, largest)
        self.targets = targets._replace(centers=centers, sizes=sizes)
        boxes = torch.cat([centers - sizes / 2, centers + sizes / 2], dim=1)
        return clip_boxes(boxes.numpy(), (width, height)), scores.numpy()

    def twin(self) -> "SiameseTracker | None":
        """See ``Tracker.twin``: on a CPU with shared features, whose many small operations leave a second core idle."""
        if self.device.type != "cpu" or not isinstance(self.region_features, SharedFeatures):
            return None
        twin = copy.copy(self)
        twin.targets = None
        return twin

    def _search(self, templates: Tensor, regions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of each target the best scale ``(P,)``, the displacement ``(P, 2)`` in upsampled cells, the confidence.

        On the CPU: a GPU is waited for once.
        """
        num_together = len(templates) if templates.is_cuda else self.num_searched_together
        found = []
        for few, of_few in zip(templates.split(num_together), regions.split(num_together), strict=True):
            responses = self.network.correlation(few, of_few)  # (P, S, R, R)
            upsampling = _bicubic_upsampling(responses.shape[-1], self.response_upsampling, responses.device)
            upsampled = upsampling @ responses @ upsampling.T
            peaks = upsampled.amax(dim=(2, 3))
            # A factor below 1 would reward a negative peak.
            penalised = torch.where(peaks > 0, peaks * self.scale_penalties, peaks / self.scale_penalties)
            best = penalised.argmax(dim=1)
            each = torch.arange(len(best), device=best.device)
            confidence = self.network.correlation.confidence(peaks[each, best])
            displacements = self._displacements(upsampled[each, best])
            found.append(torch.cat([best[:, None], displacements, confidence[:, None]], dim=1))
        best, displacements, confidence = torch.cat(found).cpu().split([1, 2, 1], dim=1)
        return best[:, 0].long(), displacements, confidence[:, 0]

    def _displacements(self, responses: Tensor) -> Tensor:
        """Of each target the place (x, y) ``(P, 2)`` of the windowed peak, in upsampled cells from the centre."""
        size = responses.shape[-1]
        responses = responses - responses.amin(dim=(1, 2), keepdim=True)
        responses = responses / responses.sum(dim=(1, 2), keepdim=True).clamp(min=1e-12)
        window = _cosine_window(size, self.window_influence, responses.device)
        return peaks_from_center((1 - self.window_influence) * responses + window)


@cache
def _cosine_window(size: int, influence: float, device: torch.device) -> Tensor:
    """The window ``(size, size)`` that favours the centre; it sums to its influence."""
    hann = torch.hann_window(size, periodic=False, device=device)
    window = hann[:, None] * hann[None]
    return influence * window / window.sum()


@cache
def _bicubic_upsampling(size: int, factor: int, device: torch.device) -> Tensor:
    """Matrix ``(size · factor, size)`` of the bicubic upsampling of one axis: far faster than torch's on a CPU."""
    identity = torch.eye(size, device=device)[None, None]
    return F.interpolate(identity, size=(size * factor, size), mode="bicubic", align_corners=False)[0, 0]

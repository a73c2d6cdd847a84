"""The detectors of torchvision, which need no mmdet."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torchvision.models import detection, get_model, get_model_weights, list_models

from actorsup.device import pick_device
from actorsup.errors import InputError
from actorsup.io.checkpoints import load_checkpoint
from actorsup.registry import DETECTORS

from .detector import Detector, Found

# Weights that were made when torchvision's batch normalization had no epsilon; torchvision takes it out for them, too.
WITHOUT_EPSILON = (
    detection.FasterRCNN_ResNet50_FPN_Weights.COCO_V1,
    detection.KeypointRCNN_ResNet50_FPN_Weights.COCO_V1,
    detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1,
    detection.RetinaNet_ResNet50_FPN_Weights.COCO_V1,
)


@DETECTORS.register_module()
class TorchvisionDetector(Detector):
    """Detects actors with a model of ``torchvision.models.detection``.

    Args:
        name: torchvision's name of the model, as ``fasterrcnn_resnet50_fpn_v2`` or ``ssdlite320_mobilenet_v3_large``.
        weights: torchvision's name of published weights, as ``COCO_V1`` or ``DEFAULT``, which are downloaded once into
            torch.hub's cache; or a file that has every weight of the model.
        categories: the name of each label, in order, the background's first where the model has one; None: those that
            the published weights were trained for.
        actors: category names to keep; a detection's label is the index in this list.
        score_threshold: detections below are dropped, by the model itself before it chooses the best of an image.
        max_per_frame: the best-scoring ones are kept; None keeps all that the model gives, 100 to 300 as its kind.
        batch_size: frames in one forward pass.
        device: where the model runs; None takes the GPU where there is one.

    Raises:
        InputError: if torchvision has no such model, the weights do not fit, or an actor is no category.
    """

    def __init__(
        self,
        name: str,
        weights: str,
        categories: Sequence[str] | None = None,
        actors: Sequence[str] = ("person",),
        score_threshold: float = 0.05,
        max_per_frame: int | None = 100,
        batch_size: int = 8,
        device: str | None = None,
    ) -> None:
        super().__init__(actors, score_threshold, max_per_frame, batch_size)
        if name not in (names := list_models(module=detection)):
            raise InputError(f"torchvision has no detection model {name!r}; it has {', '.join(names)}")
        published = get_model_weights(name)
        if weights in published.__members__:
            trained, checkpoint = published[weights], published[weights].url
        else:  # perhaps a published file, by its name
            trained = next((one for one in published if Path(one.url).name == Path(weights).name), None)
            checkpoint = weights
        categories = published.DEFAULT.meta["categories"] if categories is None else categories
        self.know(categories)
        self.device = pick_device(device)
        self.model = get_model(name, weights=None, weights_backbone=None, num_classes=len(categories))
        load_checkpoint(self.model, checkpoint, owner=name)
        if trained in WITHOUT_EPSILON:
            for module in self.model.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eps = torch.finfo(torch.float32).tiny  # torch refuses 0
        # What chooses detections: of two-stage models the heads; their first stage has a threshold of its own.
        getattr(self.model, "roi_heads", self.model).score_thresh = score_threshold
        self.model.to(self.device).eval()

    @torch.inference_mode()
    def find(self, frames: list[np.ndarray]) -> list[Found]:
        """See ``Detector.find``."""
        images = [torch.from_numpy(frame).to(self.device).permute(2, 0, 1).float() / 255 for frame in frames]
        found = self.model(images)
        return [tuple(each[key].cpu() for key in ("boxes", "scores", "labels")) for each in found]

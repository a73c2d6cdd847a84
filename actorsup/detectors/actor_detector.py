"""Any mmdet model as a detector of actors; it imports mmdet only when it is built."""

import io
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.ops import clip_boxes_to_image

from actorsup.device import pick_device
from actorsup.errors import InputError
from actorsup.installation import pip_install
from actorsup.io.checkpoints import load_checkpoint
from actorsup.registry import DETECTORS
from actorsup.structures import Detections

from .mmcv_compatibility import fix_ssd_heads, provide_mmcv_operators

MMDET_PREFIX = "mmdet::"


@DETECTORS.register_module()
class ActorDetector:
    """Detects actors in frames with an mmdet 3.x model (paper, Sec. 3.1: a detector for images, trained on COCO).

    One-stage models need none of mmcv's compiled operators; two-stage and deformable ones do. The model runs as for
    inference alone: batch norm is part of the convolution before it, and channels are last. On a CPU with one thread
    (:func:`actorsup.device.one_thread`) a frame's detections do not depend in any bit on the other frames of its batch.

    Args:
        config: an mmdet config file, or ``mmdet::yolox/yolox_s_8xb8-300e_coco.py`` for one that mmdet ships.
        checkpoint: a file or URL that has every weight of the model.
        actors: category names to keep; a detection's label is the index in this list.
        score_threshold: detections below are dropped.
        max_per_frame: the best-scoring ones are kept; None keeps all.
        batch_size: frames in one forward pass.
        device: where the model runs; None takes the GPU where there is one.
    """

    def __init__(
        self,
        config: str,
        checkpoint: str,
        actors: Sequence[str] = ("person",),
        score_threshold: float = 0.05,
        max_per_frame: int | None = 100,
        batch_size: int = 8,
        device: str | None = None,
    ) -> None:
        self.actors = tuple(actors)
        self.score_threshold = score_threshold
        self.max_per_frame = max_per_frame
        self.batch_size = batch_size
        self.device = pick_device(device)
        provide_mmcv_operators()
        model_config = _read_config(config)
        # mmdet looks its parts up in the current scope, while building and while transforming.
        with DefaultScope.overwrite_default_scope("mmdet"), _quietly():
            self.model, classes = _build_model(model_config, config, checkpoint)
            from mmdet.utils import get_test_pipeline_cfg

            pipeline = get_test_pipeline_cfg(model_config)
            self.pipeline = Compose([{"type": "mmdet.LoadImageFromNDArray"}, *pipeline[1:]])
        self.model.to(self.device, memory_format=torch.channels_last).eval()
        if unknown := [actor for actor in self.actors if actor not in classes]:
            raise InputError(f"actor {unknown[0]!r} is no category of the detector, which knows: {', '.join(classes)}")
        self.categories = torch.tensor([list(classes).index(actor) for actor in self.actors])
        with _quietly():  # a model that needs a missing operator fails now, not in every video
            self._detect_batch([np.zeros((64, 64, 3), np.uint8)])

    def detect(self, frames: Iterable[np.ndarray]) -> Iterator[Detections]:
        """Detections of each frame, in order, while the frames ``(H, W, 3)`` RGB stream in."""
        frames = iter(frames)
        while batch := list(islice(frames, self.batch_size)):
            yield from self._detect_batch(batch)

    @torch.inference_mode()
    def _detect_batch(self, frames: list[np.ndarray]) -> list[Detections]:
        # mmdet's configs expect what OpenCV reads: BGR.
        images = [cv2.cvtColor(frame, cv2.COLOR_RGB2BGR) for frame in frames]
        samples = [self.pipeline({"img": image, "img_id": 0}) for image in images]
        results = self.model.test_step(pseudo_collate(samples))
        pairs = zip(results, frames, strict=True)
        return [self._select(result.pred_instances.to("cpu"), frame.shape) for result, frame in pairs]

    def _select(self, instances, shape: tuple[int, ...]) -> Detections:
        """Actors above the threshold, inside the frame, best first."""
        is_actor = instances.labels[:, None] == self.categories[None]
        keep = is_actor.any(dim=1) & (instances.scores >= self.score_threshold)
        boxes, scores = clip_boxes_to_image(instances.bboxes[keep].float(), shape[:2]), instances.scores[keep].float()
        labels = is_actor[keep].int().argmax(dim=1)
        order = scores.argsort(descending=True, stable=True)
        order = order[(boxes[order, 2:] > boxes[order, :2]).all(dim=1)][: self.max_per_frame]
        return Detections(boxes[order].numpy(), scores[order].numpy(), labels[order].numpy())


@contextmanager
def _quietly() -> Iterator[None]:
    """Without mmdet's words on packages that its datasets and metrics would need, and on torch's future."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _read_config(config: str) -> Config:
    try:
        with _quietly():
            import mmdet
    except ImportError as error:
        install = f"`make setup` in a clone, or `{pip_install('onedl-mmengine', 'onedl-mmcv', 'onedl-mmdetection')}`"
        raise InputError(f"ActorDetector needs mmdet, which cannot be imported ({error}); run {install}") from error
    path = Path(config)
    if config.startswith(MMDET_PREFIX):
        path = Path(mmdet.__file__).parent / ".mim" / "configs" / config.removeprefix(MMDET_PREFIX)
    if not path.is_file():
        raise InputError(f"detector config {config}: no such file; give a path or {MMDET_PREFIX}<folder>/<name>.py")
    return Config.fromfile(path)


def _build_model(config: Config, config_name: str, checkpoint: str) -> tuple[torch.nn.Module, Sequence[str]]:
    """The model and its categories: the checkpoint's, else those of the config's ``metainfo``, else COCO's."""
    from mmdet.evaluation import get_classes
    from mmdet.registry import MODELS
    from mmdet.utils import register_all_modules
    from mmengine.model import revert_sync_batchnorm

    register_all_modules(init_default_scope=False)
    if "init_cfg" in config.model.get("backbone", {}):
        config.model.backbone.init_cfg = None  # the checkpoint brings the backbone's weights
    model = revert_sync_batchnorm(MODELS.build(config.model))
    fix_ssd_heads(model)
    meta = load_checkpoint(model, checkpoint, owner=config_name)
    _fuse(model.eval())
    classes = meta.get("dataset_meta", {}).get("classes") or meta.get("CLASSES")
    return model, classes or config.get("metainfo", {}).get("classes") or get_classes("coco")


def _fuse(model: torch.nn.Module) -> None:
    """Make batch norms part of the convolutions before them, and an activation by a sigmoid one operation."""
    from mmcv.cnn import ConvModule
    from mmcv.cnn.bricks.swish import Swish

    for module in model.modules():
        if not isinstance(module, ConvModule):
            continue
        convolution, norm = module.conv, module.norm if module.with_norm else None
        if (
            type(convolution) is torch.nn.Conv2d
            and isinstance(norm, torch.nn.modules.batchnorm._BatchNorm)
            and not isinstance(norm, torch.nn.SyncBatchNorm)
            and norm.track_running_stats
            and module.order[:2] == ("conv", "norm")
        ):
            module.conv = fuse_conv_bn_eval(convolution, norm)
            delattr(module, module.norm_name)
            module.with_norm = False
        if module.with_activation and isinstance(module.activate, Swish):
            module.activate = torch.nn.SiLU(inplace=True)

"""Any mmdet model as a detector of actors; it imports mmdet only when it is built."""

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import torch
from mmcv.transforms import Pad, Resize
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope, Registry
from mmengine.structures import InstanceData
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights

from actorsup.device import pick_device
from actorsup.errors import InputError
from actorsup.installation import pip_install
from actorsup.io.checkpoints import load_checkpoint
from actorsup.registry import DETECTORS

from .detector import Detector, Found
from .mmcv_compatibility import (
    fix_language_model,
    fix_reference_points,
    fix_ssd_heads,
    language_model_of_its_config,
    provide_mmcv_operators,
)

MMDET_PREFIX = "mmdet::"
COCO = tuple(
    name for name in FasterRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"] if name not in ("__background__", "N/A")
)
META_KEYS = ("img_id", "img_path", "ori_shape", "img_shape", "scale_factor", "flip", "flip_direction")


@DETECTORS.register_module()
class ActorDetector(Detector):
    """Detects actors in frames with an mmdet 3.x model (paper, Sec. 3.1: a detector for images, trained on COCO).

    Models of one and two stages, DETR's kin and deformable convolutions need none of mmcv's compiled operators. They
    run as for inference alone: batch norm is part of the convolution before it, and channels are last. On a CPU with
    one thread (:func:`actorsup.device.one_thread`) what a model of convolutions finds in a frame does not depend in any
    bit on the other frames of its batch.

    A model that takes words, Grounding DINO or GLIP, looks for the actors by their names, whatever they are. Its
    language model is built of a folder with ``config.json`` and the tokenizer's files; the checkpoint has its weights.

    Args:
        config: an mmdet config file, or ``mmdet::yolox/yolox_s_8xb8-300e_coco.py`` for one that mmdet ships.
        checkpoint: a file or URL that has every weight of the model.
        actors: category names to keep, or words to look for; a detection's label is the index in this list.
        score_threshold: detections below are dropped.
        max_per_frame: the best-scoring ones are kept; None keeps all.
        batch_size: frames in one forward pass.
        device: where the model runs; None takes the GPU where there is one.
        language_model: the folder of the language model; None: what the config names, which may be downloaded.
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
        language_model: str | None = None,
    ) -> None:
        super().__init__(actors, score_threshold, max_per_frame, batch_size)
        self.device = pick_device(device)
        provide_mmcv_operators()
        model_config = _read_config(config)
        if language_model is not None:
            _name_language_model(model_config, config, language_model)
        # mmdet looks its parts up in the current scope, while building and while transforming.
        with DefaultScope.overwrite_default_scope("mmdet"), _quietly():
            self.model, classes = _build_model(model_config, config, checkpoint)
            self.pipeline = _build_pipeline(model_config)
        self.model.to(self.device, memory_format=torch.channels_last).eval()
        self.by_words = hasattr(self.model, "language_model")
        if self.by_words:
            self._require_few_words()
        self.know(self.actors if self.by_words else classes)
        with _quietly():  # a model that needs a missing operator fails now, not in every video
            self.find([np.zeros((64, 64, 3), np.uint8)])

    @torch.inference_mode()
    def find(self, frames: list[np.ndarray]) -> list[Found]:
        """See ``Detector.find``."""
        # mmdet's configs expect what OpenCV reads: BGR.
        images = [cv2.cvtColor(frame, cv2.COLOR_RGB2BGR) for frame in frames]
        samples = [self.pipeline({"img": image, "img_id": 0}) for image in images]
        if self.by_words:
            for sample in samples:
                sample["data_samples"].set_metainfo({"text": self.actors, "custom_entities": True})
        results = self.model.test_step(pseudo_collate(samples))
        found = [result.pred_instances.to("cpu") for result in results]
        return [(instances.bboxes, instances.scores, instances.labels) for instances in found]

    def _require_few_words(self) -> None:
        """What the language model cannot read whole it would leave out without a word."""
        language, text = self.model.language_model, ". ".join(self.actors) + "."
        if (num_tokens := len(language.tokenizer(text)["input_ids"])) > language.max_tokens:
            raise InputError(f"actors: {num_tokens} tokens, the language model reads {language.max_tokens}; give fewer")
        if self.model.test_cfg.get("chunked_size", -1) > 0:
            self.batch_size = 1  # mmdet looks for many words by parts, in one image at a time


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


def _name_language_model(config: Config, config_name: str, folder: str) -> None:
    """Put the folder where the config names its language model."""
    if "language_model" not in config.model:
        raise InputError(f"language_model {folder}: {config_name} has no language model; leave it out")
    if not Path(folder, "config.json").is_file():
        raise InputError(f"language_model {folder}: no folder with config.json and the tokenizer's files")
    config.model.language_model.name = folder
    if "lang_model_name" in config.model.get("bbox_head", {}):
        config.model.bbox_head.lang_model_name = folder


def _build_model(config: Config, config_name: str, checkpoint: str) -> tuple[torch.nn.Module, Sequence[str]]:
    """The model and its categories: the checkpoint's, else those of the config's ``metainfo``, else COCO's."""
    import mmdet.models  # noqa: F401
    from mmdet.registry import MODELS
    from mmengine.model import revert_sync_batchnorm

    if "init_cfg" in config.model.get("backbone", {}):
        config.model.backbone.init_cfg = None  # the checkpoint brings the backbone's weights
    model = revert_sync_batchnorm(_build(MODELS, config.model))
    fix_ssd_heads(model)
    fix_language_model(model)
    fix_reference_points(model)
    meta = load_checkpoint(model, checkpoint, owner=config_name)
    _fuse(model.eval())
    classes = meta.get("dataset_meta", {}).get("classes") or meta.get("CLASSES")
    return model, classes or config.get("metainfo", {}).get("classes") or COCO


def _build_pipeline(config: Config) -> Compose:
    """The config's test pipeline, for images in memory.

    Without annotation the steps of most configs are what mmcv's do. mmdet's import imgaug and transformers, which takes
    two seconds.
    """
    from mmdet.utils import get_test_pipeline_cfg

    steps = get_test_pipeline_cfg(config)[1:]  # the first reads a file
    if all(step["type"] in STEPS and step.get("_scope_", "mmdet") == "mmdet" for step in steps):
        settings = ({key: value for key, value in step.items() if key not in ("type", "_scope_")} for step in steps)
        built = [STEPS[step["type"]](**given) for step, given in zip(steps, settings, strict=True)]
        return Compose([_begin_image, *filter(None, built)])
    import mmdet.datasets  # noqa: F401

    return Compose([{"type": "mmdet.LoadImageFromNDArray"}, *steps])


def _begin_image(results: dict) -> dict:
    shape = results["img"].shape[:2]
    return {**results, "img_path": None, "img_shape": shape, "ori_shape": shape}


def _no_annotation(**_) -> None:
    return None


def _pack_image(meta_keys: Sequence[str] = META_KEYS) -> Callable[[dict], dict]:
    """The last step, which keeps these of an image's settings."""
    from mmdet.structures import DetDataSample

    def pack(results: dict) -> dict:
        sample = DetDataSample(metainfo={key: results[key] for key in meta_keys if key in results})
        sample.gt_instances, sample.ignored_instances = InstanceData(), InstanceData()
        return {"inputs": torch.from_numpy(results["img"]).permute(2, 0, 1).contiguous(), "data_samples": sample}

    return pack


STEPS = {"Resize": Resize, "Pad": Pad, "LoadAnnotations": _no_annotation, "PackDetInputs": _pack_image}


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


def _build(models: Registry, config: Config) -> torch.nn.Module:
    if "language_model" not in config:
        return models.build(config)
    if find_spec("transformers") is None:
        raise InputError("a detector with a language model needs transformers: pip install 'actorsup[transformers]'")
    with language_model_of_its_config():
        try:
            return models.build(config)
        except OSError as error:  # transformers finds no such folder, and cannot download it
            name = config.language_model.name
            advice = "give language_model=<folder with config.json and the tokenizer's files>"
            raise InputError(f"language model {name} cannot be read; {advice}: {error}") from error

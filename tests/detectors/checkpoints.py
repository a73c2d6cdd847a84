"""Checkpoints of mmdet's models, made on the spot."""

from pathlib import Path

import torch

from actorsup.detectors.actor_detector import _read_config
from actorsup.detectors.mmcv_compatibility import provide_mmcv_operators


def save_random_weights(config: str, path: Path, confident: bool = False) -> Path:
    """Save a model's random weights as a checkpoint, without a word on its classes: COCO's.

    Args:
        config: as ``ActorDetector`` takes it.
        path: the checkpoint to write.
        confident: without the prior that makes every score lower than what YOLOX itself drops.
    """
    provide_mmcv_operators()
    from mmdet.registry import MODELS
    from mmdet.utils import register_all_modules
    from mmengine.registry import DefaultScope

    register_all_modules(init_default_scope=False)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope("mmdet"):
        model = MODELS.build(_read_config(config).model)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if confident and name.endswith("bias") and ("conv_obj" in name or "conv_cls" in name):
                parameter.zero_()
    torch.save({"state_dict": model.state_dict(), "meta": {}}, path)
    return path

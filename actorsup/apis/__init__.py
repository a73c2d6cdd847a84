"""Inference for notebooks and programs."""

from actorsup.io.localizations import load_localization, save_localization

from .exports import as_act, as_coco_video, as_table, box_rows, save_act
from .inferencer import ActionInferencer
from .localize import LocalizationReport, localize_videos

__all__ = [
    "ActionInferencer",
    "LocalizationReport",
    "as_act",
    "as_coco_video",
    "as_table",
    "box_rows",
    "load_localization",
    "localize_videos",
    "save_act",
    "save_localization",
]

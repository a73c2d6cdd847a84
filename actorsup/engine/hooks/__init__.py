"""Hooks of mmengine's Runner."""

from .early_warning import EarlyWarningHook
from .repeatable_epochs import RepeatableEpochsHook
from .tube_overlay import TubeOverlayHook

__all__ = ["EarlyWarningHook", "RepeatableEpochsHook", "TubeOverlayHook"]

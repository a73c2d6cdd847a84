"""Hooks of mmengine's Runner."""

from .early_warning import EarlyWarningHook
from .tube_overlay import TubeOverlayHook

__all__ = ["EarlyWarningHook", "TubeOverlayHook"]

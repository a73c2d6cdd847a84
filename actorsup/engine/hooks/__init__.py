"""Hooks of mmengine's Runner."""

from .early_warning import EarlyWarningHook
from .repeatable_epochs import RepeatableEpochsHook
from .step_times import StepTimesHook
from .tube_overlay import TubeOverlayHook

__all__ = ["EarlyWarningHook", "RepeatableEpochsHook", "StepTimesHook", "TubeOverlayHook"]

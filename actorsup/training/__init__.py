"""What watches over a training: hooks of mmengine's Runner."""

from .early_warning_hook import EarlyWarningHook

__all__ = ["EarlyWarningHook"]

"""Pictures of tubes on their video."""

from .overlay import DrawnTube, draw_tubes, tube_sheet
from .overlay_hook import TubeOverlayHook

__all__ = ["DrawnTube", "TubeOverlayHook", "draw_tubes", "tube_sheet"]

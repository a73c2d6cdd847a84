"""Pictures of tubes on their video, of trackers and of errors."""

from .curves import (
    curve_rows,
    diagnosis_chart,
    experiment_chart,
    proposal_curves,
    recall_bars,
    track_sheet,
    tracking_curves,
)
from .overlay import DrawnTube, class_color, contact_sheet, draw_tubes, save_picture, tube_sheet
from .videos import Timeline, render_video, video_file

__all__ = [
    "DrawnTube",
    "Timeline",
    "class_color",
    "contact_sheet",
    "curve_rows",
    "diagnosis_chart",
    "draw_tubes",
    "experiment_chart",
    "proposal_curves",
    "recall_bars",
    "render_video",
    "save_picture",
    "track_sheet",
    "tracking_curves",
    "tube_sheet",
    "video_file",
]

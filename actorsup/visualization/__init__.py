"""Pictures of tubes on their video, of trackers and of errors."""

from .curves import (
    curve_rows,
    diagnosis_chart,
    experiment_chart,
    proposal_curves,
    recall_bars,
    save_figure,
    tracking_curves,
)
from .overlay import DrawnTube, contact_sheet, draw_tubes, equal_steps, save_picture, track_rows, tube_row
from .videos import render_video, video_file

__all__ = [
    "DrawnTube",
    "contact_sheet",
    "curve_rows",
    "diagnosis_chart",
    "draw_tubes",
    "equal_steps",
    "experiment_chart",
    "proposal_curves",
    "recall_bars",
    "render_video",
    "save_figure",
    "save_picture",
    "track_rows",
    "tracking_curves",
    "tube_row",
    "video_file",
]

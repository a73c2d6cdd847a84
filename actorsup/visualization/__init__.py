"""Pictures of tubes on their video, of trackers and of errors."""

from .contact_sheet import contact_sheet
from .diagnosis_chart import diagnosis_chart
from .experiment_chart import experiment_chart
from .overlay import DrawnTube, class_color, draw_tubes, tube_sheet
from .overlay_hook import TubeOverlayHook
from .picture_file import save_picture
from .proposal_curves import curve_rows, proposal_curves, recall_bars
from .timeline import Timeline
from .tracking import track_sheet, tracking_curves
from .tube_video import render_video
from .video_file import video_file

__all__ = [
    "DrawnTube",
    "Timeline",
    "TubeOverlayHook",
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

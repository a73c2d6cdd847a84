"""What a notebook imports; the commands parse their arguments and call it."""

from .action_localizer import ActionLocalizer
from .config import find_config, load_config, parse_options
from .conversion import convert_act, split_counts, write_act, write_conversion
from .dataset_check import check_dataset
from .evaluate import Evaluation, evaluate
from .experiments import Experiments
from .exports import as_act, as_coco_video, as_table, box_rows, load_localization, save_act, save_localization
from .localize import LocalizationReport, localize_videos
from .proposal_evaluation import evaluate_stored_proposals
from .proposals import generate_proposals
from .report import make_report
from .trackers import evaluate_trackers, tracker_tables
from .train import train

__all__ = [
    "ActionLocalizer",
    "Evaluation",
    "Experiments",
    "LocalizationReport",
    "as_act",
    "as_coco_video",
    "as_table",
    "box_rows",
    "check_dataset",
    "convert_act",
    "evaluate",
    "evaluate_stored_proposals",
    "evaluate_trackers",
    "find_config",
    "generate_proposals",
    "load_config",
    "load_localization",
    "localize_videos",
    "make_report",
    "parse_options",
    "save_act",
    "save_localization",
    "split_counts",
    "tracker_tables",
    "train",
    "write_act",
    "write_conversion",
]

"""Make proposals, store features, train and test as a config describes."""

from .config import load_config, parse_options
from .dataset_check import check_dataset
from .experiments import Experiments
from .export import export_localizer
from .features import extract_features
from .predictions import annotation_of, measure_predictions
from .proposals import evaluate_stored_proposals, generate_proposals
from .test import Evaluation, evaluate
from .trackers import evaluate_trackers, tracker_tables
from .train import train

__all__ = [
    "Evaluation",
    "Experiments",
    "annotation_of",
    "check_dataset",
    "evaluate",
    "evaluate_stored_proposals",
    "evaluate_trackers",
    "export_localizer",
    "extract_features",
    "generate_proposals",
    "load_config",
    "measure_predictions",
    "parse_options",
    "tracker_tables",
    "train",
]

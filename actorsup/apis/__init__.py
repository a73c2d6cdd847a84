"""What a notebook imports; the tools parse their arguments and call it."""

from .config import load_config
from .conversion import convert_act, split_counts, write_act, write_conversion
from .dataset_check import check_dataset
from .demo import run_demo
from .evaluate import Evaluation, evaluate
from .experiments import Experiments
from .proposal_evaluation import evaluate_stored_proposals
from .proposals import generate_proposals
from .puppets import make_puppets
from .trackers import evaluate_trackers, tracker_tables
from .train import train

__all__ = [
    "Evaluation",
    "Experiments",
    "check_dataset",
    "convert_act",
    "evaluate",
    "evaluate_stored_proposals",
    "evaluate_trackers",
    "generate_proposals",
    "load_config",
    "make_puppets",
    "run_demo",
    "split_counts",
    "tracker_tables",
    "train",
    "write_act",
    "write_conversion",
]

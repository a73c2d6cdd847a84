"""What a notebook imports; the tools parse their arguments and call it."""

from .config import load_config
from .evaluate import Evaluation, evaluate
from .proposal_evaluation import evaluate_stored_proposals
from .proposals import generate_proposals
from .trackers import evaluate_trackers, tracker_tables
from .train import train

__all__ = [
    "Evaluation",
    "evaluate",
    "evaluate_stored_proposals",
    "evaluate_trackers",
    "generate_proposals",
    "load_config",
    "tracker_tables",
    "train",
]

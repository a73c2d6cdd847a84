"""What a notebook imports; the tools parse their arguments and call it."""

from .config import load_config
from .demo import run_demo
from .evaluate import evaluate
from .experiments import Experiments
from .proposal_evaluation import evaluate_stored_proposals
from .proposals import generate_proposals
from .puppets import make_puppets
from .trackers import evaluate_trackers, tracker_tables
from .train import train

__all__ = [
    "Experiments",
    "evaluate",
    "evaluate_stored_proposals",
    "evaluate_trackers",
    "generate_proposals",
    "load_config",
    "make_puppets",
    "run_demo",
    "tracker_tables",
    "train",
]

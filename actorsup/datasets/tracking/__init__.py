"""Data for trackers: pairs of crops to train with."""

from .generated import GeneratedPairs
from .pair_dataset import PairDataset

__all__ = ["GeneratedPairs", "PairDataset"]

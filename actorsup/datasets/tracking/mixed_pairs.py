"""Pairs of several data sets."""

from collections.abc import Mapping, Sequence

import numpy as np

from actorsup.errors import InputError
from actorsup.registry import DATASETS

from .pair_dataset import PairDataset


@DATASETS.register_module()
class MixedPairs(PairDataset):
    """Draws each pair from one of several data sets of pairs.

    Args:
        parts: their configs; their own ``num_pairs`` and ``seed`` do not matter for what is drawn, see ``seed``.
        shares: how often each is drawn, relative to the others.
        num_pairs: length of the data set.
        seed: another one gives other pairs.
    """

    def __init__(self, parts: Sequence[Mapping], shares: Sequence[float], num_pairs: int, seed: int = 0) -> None:
        super().__init__(num_pairs, seed)
        if len(parts) != len(shares) or not parts or min(shares) < 0 or sum(shares) <= 0:
            raise InputError(f"MixedPairs: expected a share >= 0 for each of {len(parts)} parts, got {list(shares)}")
        self.parts = [DATASETS.build(part) for part in parts]
        for part in self.parts:
            if not isinstance(part, PairDataset):
                raise InputError(f"MixedPairs: {type(part).__name__} holds no pairs")
        self.shares = np.array(shares) / np.sum(shares)

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See ``PairDataset.draw``."""
        return self.parts[rng.choice(len(self.parts), p=self.shares)].draw(rng)

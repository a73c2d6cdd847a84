"""What all data sets of training pairs share."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from actorsup.errors import InputError


class PairDataset(Dataset, ABC):
    """Pairs of crops of one target: an exemplar and where to search it.

    Pair ``i`` follows from ``seed`` and ``i`` alone, whichever worker draws it. A whole training takes each index once
    (``InfiniteSampler`` and as many pairs as iterations take), so that no two of its pairs are alike.

    Args:
        num_pairs: length of the data set.
        seed: another one gives other pairs.
    """

    metainfo: dict = {}  # noqa: RUF012 — mmengine reads it; there is nothing to say

    def __init__(self, num_pairs: int, seed: int) -> None:
        if num_pairs < 1 or seed < 0:
            raise InputError(
                f"{type(self).__name__}: expected num_pairs >= 1 and seed >= 0, got {num_pairs} and {seed}"
            )
        self.num_pairs = num_pairs
        self.seed = seed

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A pair: exemplar ``(127, 127, 3)`` and search crop ``(255, 255, 3)``, uint8 RGB, and the target's offset.

        The offset is the target's place (x, y) in the search crop, in its pixels from its centre.
        """

    def __len__(self) -> int:
        """The number of pairs."""
        return self.num_pairs

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """A pair for ``SiamesePairs``: ``exemplar`` and ``search`` ``(3, h, w)`` uint8, ``offset`` ``(2,)``."""
        if not 0 <= index < self.num_pairs:
            raise IndexError(index)
        exemplar, search, offset = self.draw(np.random.default_rng((self.seed, index)))
        images = (torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))) for image in (exemplar, search))
        return dict(zip(("exemplar", "search", "offset"), (*images, torch.from_numpy(np.float32(offset))), strict=True))

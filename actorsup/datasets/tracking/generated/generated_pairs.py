"""The data set of generated pairs."""

import numpy as np

from actorsup.datasets.drawing import make_textures
from actorsup.registry import DATASETS

from ..appearance import vary_pair
from ..pair_dataset import PairDataset
from .scene import draw_pair


@DATASETS.register_module()
class GeneratedPairs(PairDataset):
    """Pairs of drawn scenes: nothing is filmed or downloaded, no pair is like another.

    A figure — soft or rigid, walking on two legs or four, a chain, a star — with random textures changes its pose, size
    and direction before a textured ground that moves otherwise; others resemble it in shape or in texture, some things
    hide it; light, sharpness, noise and compression differ.

    Args:
        num_pairs: length of the data set.
        seed: another one gives other textures and other pairs.
        num_textures: to choose from; each use tints one anew.
        max_shift: see ``draw_pair``.
        max_stretch: see ``draw_pair``.
        variation: how much appearance varies, see ``vary_pair``.
    """

    def __init__(
        self,
        num_pairs: int,
        seed: int = 0,
        num_textures: int = 240,
        max_shift: float = 4.0,
        max_stretch: float = 0.05,
        variation: float = 1.0,
    ) -> None:
        super().__init__(num_pairs, seed)
        self.max_shift = max_shift
        self.max_stretch = max_stretch
        self.variation = variation
        self.textures = make_textures(np.random.default_rng(seed), num_textures)

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See ``PairDataset.draw``."""
        exemplar, search, offset = draw_pair(rng, self.textures, self.max_shift, self.max_stretch)
        return *vary_pair(rng, exemplar, search, self.variation), offset

"""Pairs of frames of real sequences."""

from collections.abc import Mapping

import numpy as np

from actorsup.errors import InputError
from actorsup.registry import DATASETS

from .frame_pairs import PairAugmentation
from .pair_dataset import PairDataset
from .sequence import SequenceSource, TrackingSequence


@DATASETS.register_module()
class SequencePairs(PairDataset):
    """Two annotated frames of one sequence, at most ``max_gap`` frames apart, in either order (SiamFC, Sec. 3).

    Every sequence is drawn equally often. Sequences are read when they are first drawn, and then kept: their boxes, not
    their frames.

    Args:
        sequences: config of a registered ``SequenceSource``. Folders of images are what it should read: for one frame,
            a video file is decoded from its beginning.
        num_pairs: length of the data set.
        seed: another one gives other pairs.
        max_gap: in frames, annotated or not.
        augmentation: settings of ``PairAugmentation``.

    Raises:
        InputError: when a drawn sequence has only one annotated frame, or none near another.
    """

    def __init__(
        self,
        sequences: Mapping,
        num_pairs: int,
        seed: int = 0,
        max_gap: int = 100,
        augmentation: Mapping | None = None,
    ) -> None:
        super().__init__(num_pairs, seed)
        if max_gap < 1:
            raise InputError(f"max_gap must be at least 1 frame, got {max_gap}")
        self.source = DATASETS.build(sequences)
        if not isinstance(self.source, SequenceSource):
            raise InputError(f"SequencePairs: {sequences['type']} holds no tracking sequences; use a SequenceSource")
        self.max_gap = max_gap
        self.augmentation = PairAugmentation(**(augmentation or {}))
        self._sequences: dict[int, TrackingSequence] = {}

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See ``PairDataset.draw``."""
        sequence = self._sequence(int(rng.integers(len(self.source))))
        first, second = self._draw_frames(rng, sequence)
        return self.augmentation.pair(
            rng, (sequence.frames[first], sequence.frames[second]), sequence.boxes[[first, second]]
        )

    def _sequence(self, index: int) -> TrackingSequence:
        if index not in self._sequences:
            self._sequences[index] = self.source[index]
        return self._sequences[index]

    def _draw_frames(self, rng: np.random.Generator, sequence: TrackingSequence) -> tuple[int, int]:
        annotated = np.flatnonzero(sequence.annotated)
        first = int(rng.choice(annotated))
        near = annotated[(np.abs(annotated - first) <= self.max_gap) & (annotated != first)]
        if len(near) == 0:
            raise InputError(
                f"{sequence.name}: no other frame within {self.max_gap} of frame {first} is annotated; leave the "
                "sequence out or raise max_gap"
            )
        return first, int(rng.choice(near))

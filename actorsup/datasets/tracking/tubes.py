"""True tubes of a data set of videos as tracking sequences."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from actorsup.errors import InputError
from actorsup.registry import DATASETS
from actorsup.structures import Tube

from .sequence import LazyFrames, SequenceSource, TrackingSequence, choose_names


@DATASETS.register_module()
class TubeSequences(SequenceSource):
    """One sequence a true tube: the frames that it covers, and its boxes in pixels of the video as it is.

    Frames that people did not mark, between those that they did, have no box.

    Names are ``<video>_tube0``, ``<video>_tube1`` …

    Args:
        dataset: config of a registered ``VideoDataset``, with its ``ann_file``; it is read in test mode.
        sequences: names to use; None uses all.
    """

    def __init__(self, dataset: Mapping, sequences: Sequence[str] | None = None) -> None:
        self.dataset = DATASETS.build({**dataset, "test_mode": True})
        self._tubes: dict[str, tuple[Path, Tube]] = {}
        for index, (video, path) in enumerate(self.dataset.videos()):
            for number, tube in enumerate(self.dataset.ground_truth(index)):
                self._tubes[f"{video}_tube{number}"] = (path, tube)
        self.names = choose_names(tuple(self._tubes), sequences, Path(self.dataset.ann_file))

    def read(self, name: str) -> TrackingSequence:
        """See ``SequenceSource.read``."""
        path, tube = self._tubes[name]
        boxes = tube.boxes if tube.annotated is None else np.where(tube.annotated[:, None], tube.boxes, np.nan)
        try:
            return TrackingSequence(name, LazyFrames(path, tube.start, len(tube), self.dataset.reader), boxes)
        except ValueError as error:
            raise InputError(f"{self.dataset.ann_file}: {error}") from error

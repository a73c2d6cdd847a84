"""Videos whose features are computed once, and the store that training and testing then read."""

import hashlib
import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from mmengine.logging import print_log
from mmengine.runner import set_random_seed
from torch.utils.data import Dataset

from actorsup.errors import InputError
from actorsup.io import FeatureStore, Fingerprint
from actorsup.registry import DATASETS
from actorsup.structures import VideoSample

from .annotated_videos import AnnotatedVideos
from .formats.reading import enumeration

EXTRACT = FeatureStore.made_with


@DATASETS.register_module()
class StoredFeatures(Dataset):
    """The videos of a dataset with stored features in place of frames; its pipeline does not run.

    Every access draws one of the ``draws`` of a video by numpy's generator, as transforms do. Labels and true tubes
    are the dataset's. ``inputs`` are ``N`` frames without a pixel, ``(N, 3, 0, 0)``.

    Args:
        dataset: an ``AnnotatedVideos`` or its config.
        folder: of a ``FeatureStore``.
        made_by: insist on features of one configuration (``Fingerprint.made_by``).
        draws: how many draws of each video to use, the first ones.
        memory: keep all in memory, in half precision, if they take at most so many MiB; else read them every time.
        lazy_init: read nothing before ``full_init``.

    Raises:
        InputError: if features of some videos are missing.
        StoreError: if they were made by another configuration than ``made_by``.
    """

    def __init__(
        self,
        dataset: AnnotatedVideos | Mapping,
        folder: str | Path,
        made_by: Mapping | None = None,
        draws: int = 1,
        memory: int = 4096,
        lazy_init: bool = False,
    ) -> None:
        if draws < 1:
            raise InputError(f"StoredFeatures: draws must be 1 or more, got {draws}")
        self.dataset = DATASETS.build(dataset) if isinstance(dataset, Mapping) else dataset
        self.store = FeatureStore(folder, None if made_by is None else Fingerprint(made_by))
        self.draws, self.memory = draws, memory
        self._initialized = self._held = False
        self._samples: dict[tuple[int, int], VideoSample] = {}
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Read the list of videos, and see that all have features."""
        if self._initialized:
            return
        self.dataset.full_init()
        self._videos, self._labels = [video for video, _ in self.dataset.videos()], self.dataset.labels
        there = set(self.store.videos())
        entries = [FeatureStore.entry(video, draw) for draw in range(self.draws) for video in self._videos]
        if missing := [entry for entry in entries if entry not in there]:
            what = f"of {len(entries)} draws of videos have no features"
            raise InputError(f"{self.store.folder}: {enumeration(what, missing, most=5)}. Make them: {EXTRACT}")
        size = self.store.num_bytes(entries) / 2**20
        self._held = size <= self.memory
        if not self._held:
            message = f"{self.store.folder}: {size:.0f} MiB, more than features.memory, are read anew in every epoch"
            print_log(message, logger="current", level=logging.INFO)
        self._initialized = True

    @property
    def metainfo(self) -> dict:
        """``classes`` and ``actors`` of the dataset."""
        return self.dataset.metainfo

    def __len__(self) -> int:
        self.full_init()
        return len(self._videos)

    def __getitem__(self, index: int) -> dict:
        self.full_init()
        sample = self._sample(index, np.random.randint(self.draws))
        no_pixels = torch.zeros((len(sample.frame_indices), 3, 0, 0), dtype=torch.uint8)
        return {"inputs": no_pixels, "data_samples": sample}

    def _sample(self, index: int, draw: int) -> VideoSample:
        if (index, draw) in self._samples:
            return self._samples[index, draw]
        stored = self.store.load(FeatureStore.entry(self._videos[index], draw))
        sample = replace(stored, labels=self._labels[index], ground_truth=self.dataset.ground_truth(index))
        if self._held:
            self._samples[index, draw] = sample
        return sample


class VideoDraws(Dataset):
    """What the pipeline of a dataset makes of chosen ``(index, draw)``, of which alone and the video's name it depends.

    The pipeline sees true tubes only where the dataset has ``true_tubes``: those that testing reads could not be told
    from the features afterwards.
    """

    def __init__(self, dataset: AnnotatedVideos, chosen: Sequence[tuple[int, int]]) -> None:
        self.dataset, self.chosen = dataset, chosen

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, position: int) -> dict:
        index, draw = self.chosen[position]
        record = self.dataset.get_data_info(index)
        if not self.dataset.true_tubes:
            record = {**record, "ground_truth": ()}
        with _drawing_for(record["video"], draw):
            return self.dataset.pipeline(record)


@contextmanager
def _drawing_for(video: str, draw: int) -> Iterator[None]:
    """Seed everything that draws by the name of a video and the number of the draw, and put back what was before."""
    name = int.from_bytes(hashlib.sha256(video.encode()).digest())
    (seed,) = np.random.SeedSequence([draw, name]).generate_state(1)
    before = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            set_random_seed(int(seed))
            yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])

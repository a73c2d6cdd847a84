"""Pairs of crops to train trackers with: of sequences, of still images, and of several of these."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from actorsup.errors import InputError
from actorsup.io.video_reader import IMAGE_SUFFIXES
from actorsup.registry import DATASETS

from .augmentation import PairAugmentation
from .sequences import SequenceSource, TrackingSequence


class PairDataset(Dataset, ABC):
    """Pairs of crops of one target: an exemplar and where to search it.

    Pair ``i`` follows from ``seed`` and ``i`` alone, whichever worker draws it. A whole training takes each index once
    (``InfiniteSampler`` and as many pairs as iterations take), so that no two of its pairs are alike.

    Args:
        num_pairs: length of the dataset.
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


@DATASETS.register_module()
class MixedPairs(PairDataset):
    """Draws each pair from one of several datasets of pairs.

    Args:
        parts: their configs; their own ``num_pairs`` and ``seed`` do not matter for what is drawn, see ``seed``.
        shares: how often each is drawn, relative to the others.
        num_pairs: length of the dataset.
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


@DATASETS.register_module()
class SequencePairs(PairDataset):
    """Two annotated frames of one sequence, at most ``max_gap`` frames apart, in either order (SiamFC, Sec. 3).

    Every sequence is drawn equally often. Sequences are read when they are first drawn, and then kept: their boxes, not
    their frames.

    Args:
        sequences: config of a registered ``SequenceSource``. Folders of images are what it should read: for one frame,
            a video file is decoded from its beginning.
        num_pairs: length of the dataset.
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


@DATASETS.register_module()
class StillPairs(PairDataset):
    """A box of a still image, cropped twice, each time with other stretch, light, sharpness and noise.

    Without boxes, random regions stand for targets: any part of a photograph can be found again in it.

    Args:
        images: folder of images.
        num_pairs: length of the dataset.
        boxes: a JSON file as COCO's instances are: ``images`` with ``id`` and ``file_name``, ``annotations`` with
            ``image_id`` and ``bbox`` (x, y, width, height from 0); None draws regions.
        seed: another one gives other pairs.
        min_size: boxes with a shorter side, in pixels, are left out, as are crowds.
        augmentation: settings of ``PairAugmentation``; two crops of one image are alike but for these.

    Raises:
        InputError: if there is no image or box, the file is not as above, or an image cannot be read.
    """

    def __init__(
        self,
        images: str | Path,
        num_pairs: int,
        boxes: str | Path | None = None,
        seed: int = 0,
        min_size: float = 16.0,
        augmentation: Mapping | None = None,
    ) -> None:
        super().__init__(num_pairs, seed)
        self.min_size = min_size
        self.augmentation = PairAugmentation(**(augmentation or {"max_stretch": 0.15, "variation": 1.0}))
        folder = Path(images).expanduser()
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; the still images belong there")
        if boxes is None:
            files = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
            self.targets = [(path, None) for path in files]
        else:
            self.targets = read_coco_boxes(Path(boxes).expanduser(), folder, min_size)
        if not self.targets:
            raise InputError(f"{boxes or folder}: holds no {'image' if boxes is None else 'box of a usable size'}")

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See ``PairDataset.draw``."""
        path, box = self.targets[rng.integers(len(self.targets))]
        image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise InputError(f"{path}: cannot be read as an image")
        box = _random_region(rng, image.shape[1], image.shape[0], self.min_size) if box is None else box
        return self.augmentation.pair(rng, (image, image), np.stack([box, box]))


def read_coco_boxes(path: Path, folder: Path, min_size: float) -> list[tuple[Path, np.ndarray]]:
    """Image and box ``(4,)``, ``(x1, y1, x2, y2)``, of every annotation of a COCO file but crowds and small ones."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON: {error}") from error
    try:
        files = {image["id"]: folder / image["file_name"] for image in content["images"]}
        found = []
        for annotation in content["annotations"]:
            x, y, width, height = annotation["bbox"]
            if not annotation.get("iscrowd") and min(width, height) >= min_size:
                found.append((files[annotation["image_id"]], np.array([x, y, x + width, y + height], np.float64)))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: is not as COCO's instances files are (images: id, file_name; annotations: image_id, bbox): "
            f"{type(error).__name__}: {error}"
        ) from error
    return found


def _random_region(rng: np.random.Generator, width: int, height: int, min_size: float) -> np.ndarray:
    """A box inside an image, of a random size and up to three times as long as wide."""
    longest = min(width, height) / 2
    area = np.exp(rng.uniform(np.log(min(min_size, longest)), np.log(longest)))
    aspect = np.exp(rng.uniform(-np.log(3), np.log(3)) / 2)
    size = np.minimum((area * aspect, area / aspect), (width, height))
    start = rng.uniform(0, np.array([width, height]) - size)
    return np.concatenate([start, start + size])

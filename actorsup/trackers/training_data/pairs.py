"""Pairs of crops to train trackers with: how they are cut and varied, and what they are cut from."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.utils.data import Dataset

from actorsup.errors import InputError
from actorsup.io.video_reader import is_image, read_image
from actorsup.registry import DATASETS
from actorsup.trackers.crops import EXEMPLAR_SIZE, SEARCH_SIZE, context_sides, crop_rectangles

from .sequences import SequenceSource, TrackingSequence, existing_folder

Pair = tuple[np.ndarray, np.ndarray, np.ndarray]  # exemplar and search crop (h, w, 3) uint8 RGB, offset (2,)


@dataclass(frozen=True)
class PairAugmentation:
    """How crops of real frames vary (SiamFC's settings, but that the label moves along with the target)."""

    max_shift: float = 4.0  #: most pixels, along either axis, between the target and the middle of the search crop
    max_stretch: float = 0.05  #: most that either crop shows the target too large or small, as a share, along each axis
    flip: float = 0.5  #: probability that both crops are mirrored
    variation: float = 0.5  #: strength of ``vary_pair``

    def __post_init__(self) -> None:
        if self.max_shift < 0 or not 0 <= self.max_stretch < 1 or not 0 <= self.flip <= 1 or self.variation < 0:
            expected = "max_shift >= 0, 0 <= max_stretch < 1, 0 <= flip <= 1 and variation >= 0"
            raise InputError(f"expected {expected}, got {self}")

    def pair(self, rng: Generator, frames: Sequence[np.ndarray], boxes: np.ndarray) -> Pair:
        """Cut the exemplar from the first frame ``(H, W, 3)`` and the search crop from the second; boxes ``(2, 4)``."""
        stretches = rng.uniform(1 - self.max_stretch, 1 + self.max_stretch, (2, 2))
        offset = rng.uniform(-self.max_shift, self.max_shift, 2)
        boxes = boxes.astype(np.float64)
        # Pixels of the frame that one pixel of a crop shows; both crops show the target at one magnification.
        steps = context_sides(boxes[:, 2:] - boxes[:, :2])[:, None] / EXEMPLAR_SIZE * stretches
        centers = (boxes[:, :2] + boxes[:, 2:]) / 2
        centers[1] -= offset * steps[1]
        sizes = (EXEMPLAR_SIZE, SEARCH_SIZE)
        crops = [_crop(frames[view], centers[view], steps[view] * sizes[view], sizes[view]) for view in (0, 1)]
        if rng.random() < self.flip:
            crops = [np.ascontiguousarray(image[:, ::-1]) for image in crops]
            offset = offset * (-1, 1)
        return *vary_pair(rng, *crops, self.variation), offset


def _crop(frame: np.ndarray, center: np.ndarray, sides: np.ndarray, size: int) -> np.ndarray:
    # Only what the rectangle shows, and a pixel more, becomes floating point: a whole frame takes many times as long.
    limits = np.array(frame.shape[1::-1])
    left, top = np.clip(np.floor(center - sides / 2).astype(int) - 1, 0, limits - 1)
    right, bottom = np.clip(np.ceil(center + sides / 2).astype(int) + 1, 1, limits)
    image = torch.from_numpy(np.ascontiguousarray(frame[top:bottom, left:right])).permute(2, 0, 1).float()
    place = torch.from_numpy(center - (left, top))[None].float()
    mean = torch.tensor(cv2.mean(frame)[:3], dtype=torch.float32)
    crops = crop_rectangles(image, place, torch.from_numpy(sides)[None].float(), size, mean)
    return crops[0].round().byte().permute(1, 2, 0).contiguous().numpy()


class PairDataset(Dataset, ABC):
    """``num_pairs`` pairs of crops of one target: an exemplar and where to search it.

    Pair ``i`` follows from ``seed`` and ``i`` alone, whichever worker draws it. A training should take each index once
    (``InfiniteSampler`` and as many pairs as iterations take).
    """

    metainfo: dict = {}  # noqa: RUF012 — mmengine reads it; there is nothing to say

    def __init__(self, num_pairs: int, seed: int) -> None:
        if num_pairs < 1 or seed < 0:
            name = type(self).__name__
            raise InputError(f"{name}: expected num_pairs >= 1 and seed >= 0, got {num_pairs} and {seed}")
        self.num_pairs = num_pairs
        self.seed = seed

    @abstractmethod
    def draw(self, rng: Generator) -> Pair:
        """Draw exemplar ``(127, 127, 3)``, search crop ``(255, 255, 3)`` and offset ``(2,)``.

        Crops are uint8 RGB; the offset is the target's (x, y) in pixels from the centre of the search crop.
        """

    def __len__(self) -> int:
        return self.num_pairs

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """A pair for ``SiamesePairs``: ``exemplar`` and ``search`` ``(3, h, w)`` uint8, ``offset`` ``(2,)``."""
        if not 0 <= index < self.num_pairs:
            raise IndexError(index)
        *images, offset = self.draw(np.random.default_rng((self.seed, index)))
        exemplar, search = (torch.from_numpy(image).permute(2, 0, 1).contiguous() for image in images)
        return {"exemplar": exemplar, "search": search, "offset": torch.from_numpy(np.float32(offset))}


@DATASETS.register_module()
class MixedPairs(PairDataset):
    """Draws each pair from one of ``parts``, in the proportion of ``shares``.

    The parts' own ``num_pairs`` and ``seed`` have no effect.
    """

    def __init__(self, parts: Sequence[Mapping], shares: Sequence[float], num_pairs: int, seed: int = 0) -> None:
        super().__init__(num_pairs, seed)
        if len(parts) != len(shares) or not parts or min(shares) < 0 or sum(shares) <= 0:
            raise InputError(f"MixedPairs: expected a share >= 0 for each of {len(parts)} parts, got {list(shares)}")
        self.parts = [DATASETS.build(part) for part in parts]
        if others := [type(part).__name__ for part in self.parts if not isinstance(part, PairDataset)]:
            raise InputError(f"MixedPairs: {others[0]} holds no pairs")
        self.shares = np.array(shares) / np.sum(shares)

    def draw(self, rng: Generator) -> Pair:
        """See ``PairDataset.draw``."""
        return self.parts[rng.choice(len(self.parts), p=self.shares)].draw(rng)


@DATASETS.register_module()
class SequencePairs(PairDataset):
    """Two annotated frames of one sequence, at most ``max_gap`` frames apart, in either order (SiamFC, Sec. 3).

    Every sequence is drawn equally often. It must have two annotated frames that are near enough.

    Args:
        sequences: config of a ``SequenceSource``, best of folders of images: a video file is decoded for each frame.
        num_pairs: see ``PairDataset``, as ``seed``.
        max_gap: in frames, annotated or not.
        augmentation: settings of ``PairAugmentation``.
    """

    def __init__(
        self, sequences: Mapping, num_pairs: int, seed: int = 0, max_gap: int = 100, augmentation: Mapping | None = None
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

    def draw(self, rng: Generator) -> Pair:
        """See ``PairDataset.draw``."""
        index = int(rng.integers(len(self.source)))
        sequence = self._sequences.get(index) or self._sequences.setdefault(index, self.source[index])
        drawn = self._draw_frames(rng, sequence)
        return self.augmentation.pair(rng, [sequence.frames[frame] for frame in drawn], sequence.boxes[[*drawn]])

    def _draw_frames(self, rng: Generator, sequence: TrackingSequence) -> tuple[int, int]:
        annotated = np.flatnonzero(sequence.annotated)
        first = int(rng.choice(annotated))
        near = annotated[(np.abs(annotated - first) <= self.max_gap) & (annotated != first)]
        if len(near) == 0:
            missing = f"{sequence.name}: no other frame within {self.max_gap} of frame {first} is annotated"
            raise InputError(f"{missing}; leave the sequence out or raise max_gap")
        return first, int(rng.choice(near))


@DATASETS.register_module()
class StillPairs(PairDataset):
    """A random region of a still image, cropped twice, each time with other stretch, light, sharpness and noise.

    ``min_size`` is the least geometric mean of a region's sides, in pixels; ``augmentation`` are the settings of
    ``PairAugmentation``.
    """

    def __init__(
        self,
        images: str | Path,
        num_pairs: int,
        seed: int = 0,
        min_size: float = 16.0,
        augmentation: Mapping | None = None,
    ) -> None:
        super().__init__(num_pairs, seed)
        self.min_size = min_size
        self.augmentation = PairAugmentation(**(augmentation or {"max_stretch": 0.15, "variation": 1.0}))
        folder = existing_folder(images)
        self.images = sorted(filter(is_image, folder.iterdir()))
        if not self.images:
            raise InputError(f"{folder}: holds no image")

    def draw(self, rng: Generator) -> Pair:
        """See ``PairDataset.draw``."""
        path = self.images[rng.integers(len(self.images))]
        image = read_image(path)
        height, width = image.shape[:2]
        longest = min(width, height) / 2
        mean_side = np.exp(rng.uniform(np.log(min(self.min_size, longest)), np.log(longest)))
        stretch = np.exp(rng.uniform(-np.log(3), np.log(3)) / 2)  # up to three times as long as wide
        size = np.minimum((mean_side * stretch, mean_side / stretch), (width, height))
        start = rng.uniform(0, np.array([width, height]) - size)
        return self.augmentation.pair(rng, (image, image), np.tile(np.concatenate([start, start + size]), (2, 1)))


def vary_pair(
    rng: Generator, exemplar: np.ndarray, search: np.ndarray, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Vary two crops ``(h, w, 3)`` uint8 as cameras and codecs do: 0 not at all, 1 as low-resolution web video."""
    if strength == 0:
        return exemplar, search
    resolution = 1 + strength * rng.exponential(0.5)
    gray = rng.random() < 0.1 * strength
    results = []
    for image in (exemplar, search):
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB) if gray else image
        image = _light(rng, image, strength)
        # Lose detail, as of a target of fewer pixels.
        size, factor = image.shape[1::-1], resolution * (1 + strength * rng.uniform(0, 0.4))
        image = cv2.resize(image, [round(side / factor) for side in size], interpolation=cv2.INTER_AREA)
        image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
        if rng.random() < 0.15 * strength:
            image = _motion_blur(rng, image, strength)
        results.append(_compress(rng, image, strength))
    return results[0], results[1]


def _light(rng: Generator, image: np.ndarray, strength: float) -> np.ndarray:
    gain = np.exp(strength * (rng.normal(0, 0.12) + rng.normal(0, 0.04, 3)))
    shift = strength * rng.normal(0, 12)
    if rng.random() < 0.2 * strength:  # a gradient over the crop, as of a shadow
        shade = np.exp(strength * rng.normal(0, 0.25, (2, 2))).astype(np.float32)
        shade = cv2.resize(shade, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        image = cv2.multiply(image, cv2.merge([shade] * 3), dtype=cv2.CV_8U)
    values = np.arange(256)[:, None] * gain + shift
    return cv2.LUT(image, np.clip(values, 0, 255).astype(np.uint8)[None])


def _motion_blur(rng: Generator, image: np.ndarray, strength: float) -> np.ndarray:
    reach, angle = rng.uniform(1, 1 + 3 * min(strength, 1)), rng.uniform(0, np.pi)
    end = np.round(4 + reach * np.array([np.cos(angle), np.sin(angle)])).astype(int)
    kernel = np.zeros((9, 9), np.float32)  # with more than 11×11 weights OpenCV is ten times slower
    cv2.line(kernel, (8 - end).tolist(), end.tolist(), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def _compress(rng: Generator, image: np.ndarray, strength: float) -> np.ndarray:
    chance = rng.random()
    if chance < 0.25 * strength:
        quality = int(rng.integers(35, 90))
        return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    if chance < 0.5 * strength:
        # One byte of noise a value, from a table that is shifted: drawing a quarter million normals takes longer.
        noise = rng.normal(0, strength * rng.uniform(1, 10), (64, 64, 3))
        tiles = -(-image.shape[0] // 64), -(-image.shape[1] // 64), 1
        noise = np.tile(noise, tiles)[: image.shape[0], : image.shape[1]]
        return cv2.add(image, noise, dtype=cv2.CV_8U)
    return image

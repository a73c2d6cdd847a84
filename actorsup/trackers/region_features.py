"""Features of square regions of an image: each cut out and embedded alone, or all sampled from shared maps."""

import hashlib
import math
from abc import ABC, abstractmethod
from collections import OrderedDict
from functools import cached_property
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from actorsup.models.encoders import measure_cell_center
from actorsup.ops import actor_roi_pool3d

from .crops import crop_rectangles, sample_lattice
from .siamese_network import SiameseNetwork


class RegionFeatures(ABC):
    """Embeds square regions of an image."""

    def __init__(self, network: SiameseNetwork) -> None:
        self.network = network

    @abstractmethod
    def __call__(self, image: np.ndarray, centers: Tensor, sides: Tensor, size: int) -> Tensor:
        """Features ``(P, S, C, h, w)`` of square regions of an image ``(H, W, 3)`` uint8, as if resized to ``size``.

        There are ``S`` around each of ``centers (P, 2)``; these and ``sides (P, S)``, both on the CPU, are in pixels of
        the image. The features are where the network is.
        """

    def _preprocess(self, image: np.ndarray) -> Tensor:
        return self.network.preprocess(torch.from_numpy(image).to(self._device).permute(2, 0, 1).float())

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device


class CropFeatures(RegionFeatures):
    """Cut out, resize and embed every region by itself, as in SiamFC."""

    def __call__(self, image: np.ndarray, centers: Tensor, sides: Tensor, size: int) -> Tensor:
        """See ``RegionFeatures.__call__``."""
        num_targets, num_scales = sides.shape
        preprocessed = self._preprocess(image)
        centers, sides = centers.to(preprocessed.device), sides.to(preprocessed.device)
        # On a CPU one target at a time is faster, as its features stay in the cache, and its track does not depend in
        # any bit on the targets beside it.
        num_together = num_targets if preprocessed.is_cuda else 1
        embedded = []
        for few, of_few in zip(centers.split(num_together), sides.split(num_together), strict=True):
            crops = crop_rectangles(preprocessed, few.repeat_interleave(num_scales, dim=0), of_few.reshape(-1, 1), size)
            embedded.append(self.network.embed(crops))
        return torch.cat(embedded).unflatten(0, (num_targets, num_scales))


class SharedFeatures(RegionFeatures):
    """Embed the image once at each magnification in use, and sample the regions bilinearly from the maps.

    Magnifications are powers of 2: a target takes the one nearest to that of its crops, and the spacing of the samples
    makes up for the rest. The time grows with the size of the frame, hardly with the number of targets. The maps used
    last are kept, by what the image shows, as linking passes a video many times. Several threads may use them.

    Args:
        network: embeds the magnified images; its backbone is an ``Encoder``.
        max_magnification: limit for small targets, whose regions are sampled more densely instead.
        reach: effective radius of the receptive field in pixels of the magnified image. Cells nearer to the border,
            where a padded backbone sees its padding, are not used.
        max_kept_bytes: of all maps kept.
    """

    def __init__(
        self, network: SiameseNetwork, max_magnification: float = 1.0, reach: int = 16, max_kept_bytes: int = 512 << 20
    ) -> None:
        super().__init__(network)
        self.max_magnification = max_magnification
        self.reach = reach
        self.max_kept_bytes = max_kept_bytes
        self._kept: OrderedDict[tuple[bytes, float], Tensor] = OrderedDict()
        self._kept_bytes = 0
        self._keeping = Lock()
        self._num_cells: dict[int, int] = {}

    def __call__(self, image: np.ndarray, centers: Tensor, sides: Tensor, size: int) -> Tensor:
        """See ``RegionFeatures.__call__``. A target's magnification is that of its middle scale."""
        levels = (size / sides[:, sides.shape[1] // 2]).clamp(max=self.max_magnification).log2().round()
        shown = hashlib.blake2b(image, digest_size=16).digest()
        features, order = [], []
        for level in levels.unique().tolist():
            of_level = (levels == level).nonzero().squeeze(1)
            scale = 2**level
            maps = self._maps(image, shown, scale)
            features.append(self._sample(maps, centers[of_level] * scale, sides[of_level] * scale, size))
            order.append(of_level)
        return features[0] if len(features) == 1 else torch.cat(features)[torch.cat(order).argsort()]

    def _maps(self, image: np.ndarray, shown: bytes, magnification: float) -> Tensor:
        """Features ``(H', W', C)`` of a magnified image and ``reach`` pixels around it; all beyond are alike."""
        key = (shown, magnification)
        with self._keeping:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        preprocessed, stride = self._preprocess(image), self.network.stride
        # Cells at the border that see its padding, and pixels from the border to the centre of the first other cell.
        num_dropped = max(0, math.ceil((self.reach - self._first_center) / stride))
        lead = self._first_center + stride * num_dropped
        coordinates, num_cells = [], []
        for length in image.shape[1::-1]:
            num_cells.append(math.ceil((length * magnification + 2 * self.reach) / stride) + 1)
            num_pixels = (num_cells[-1] - 1) * stride + math.ceil(2 * lead)
            pixels = torch.arange(num_pixels, dtype=torch.float32) + 0.5 - self.reach - lead
            coordinates.append(pixels[None].to(preprocessed.device) / magnification)
        embedded = self.network.embed(sample_lattice(preprocessed, *coordinates))[0].permute(1, 2, 0)
        maps = embedded[num_dropped:, num_dropped:][: num_cells[1], : num_cells[0]].contiguous()
        with self._keeping:
            if key not in self._kept:  # another thread may have been faster
                self._kept[key] = maps
                self._kept_bytes += maps.nbytes
            while self._kept_bytes > self.max_kept_bytes:
                self._kept_bytes -= self._kept.popitem(last=False)[1].nbytes
        return maps

    def _sample(self, maps: Tensor, centers: Tensor, sides: Tensor, size: int) -> Tensor:
        """Features of regions, all in pixels of the magnified image."""
        stride = self.network.stride
        num_cells = self._cells(size)
        in_cells = (centers + self.reach) / stride  # the first cell is centred at 0
        spacing = sides / size
        extents = spacing.amax(dim=1, keepdim=True) * (num_cells - 1) / 2
        low = (in_cells - extents).amin(dim=0).floor()
        high = (in_cells + extents).amax(dim=0).ceil()
        # The cells from low to high; outside of the maps the nearest ones are repeated.
        columns, rows = (
            torch.arange(first, last + 1, device=maps.device).clamp(0, length - 1)
            for first, last, length in zip(low.long().tolist(), high.long().tolist(), maps.shape[1::-1], strict=True)
        )
        window = maps[rows[:, None], columns].permute(2, 0, 1)  # channels last, as the op reads it
        # The op takes the first cell of the window to be centred at ½.
        in_window = (in_cells - low + 0.5)[:, None]
        half_sides = (spacing * num_cells / 2)[..., None]  # (P, S, 1)
        boxes = torch.cat([in_window - half_sides, in_window + half_sides], dim=2)
        boxes = boxes.flatten(0, 1)[:, None].to(maps.device)  # (P · S, 1, 4)
        of_one_image = torch.zeros(len(boxes), dtype=torch.int64, device=boxes.device)
        sampled = actor_roi_pool3d(window[None, None], boxes, of_one_image, (num_cells, num_cells), spatial_scale=1.0)
        return sampled.unflatten(0, sides.shape)

    def _cells(self, size: int) -> int:
        """Cells along a side that the network makes of a crop of that size."""
        if size not in self._num_cells:
            parameter = next(self.network.parameters())
            self._num_cells[size] = self.network.embed(parameter.new_zeros((1, 3, size, size))).shape[-1]
        return self._num_cells[size]

    @cached_property
    def _first_center(self) -> float:
        """Distance in pixels of the first cell's centre from the border of the input."""
        size = 128  # holds a cell whose receptive field is not cut off
        cell = self._cells(size) // 2
        with torch.inference_mode(False), torch.enable_grad():
            _, center = measure_cell_center(self.network.backbone, (size, size), (cell, cell))
        return center - self.network.stride * cell

"""Features of square regions of an image: each cut out and embedded alone, or all sampled from shared maps."""

import math
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from actorsup.models.encoders import measure_cell_center
from actorsup.ops import actor_roi_pool3d

from .crops import crop_squares, sample_lattice
from .siamese_network import SiameseNetwork


class CropFeatures:
    """Every region is cut out of the image, resized and embedded by itself, as in SiamFC.

    Args:
        network: embeds the crops.
    """

    def __init__(self, network: SiameseNetwork) -> None:
        self.network = network

    def __call__(self, image: Tensor, centers: Tensor, sides: Tensor, size: int) -> Tensor:
        """Features of ``S`` square regions around each of ``P`` centres.

        Args:
            image: ``(3, H, W)``, preprocessed.
            centers: ``(P, 2)``, (x, y) in continuous pixels of the image.
            sides: ``(P, S)``, in pixels of the image.
            size: side in pixels that a region is resized to.

        Returns:
            ``(P, S, C, h, w)``.
        """
        num_targets, num_scales = sides.shape
        # On a CPU one target at a time is faster than many, whose features leave the cache; and the arithmetic, hence
        # every bit of a track, is the same whichever targets are tracked beside it.
        num_together = num_targets if image.is_cuda else 1
        embedded = [
            self.network.embed(crop_squares(image, few.repeat_interleave(num_scales, dim=0), of_few.flatten(), size))
            for few, of_few in zip(centers.split(num_together), sides.split(num_together), strict=True)
        ]
        return torch.cat(embedded).unflatten(0, (num_targets, num_scales))


class SharedFeatures:
    """The image is embedded once at each magnification in use; regions are sampled bilinearly from the maps.

    The magnifications are ``2 ** (i / levels_per_octave)``: a target takes the one nearest to that of its crops, and
    what remains between the two is made up for by the spacing of the samples. So the time grows with the size of the
    frame, and hardly with the number of targets; features are slightly coarser or finer than those of crops.

    Args:
        network: embeds the magnified images; its backbone is an ``Encoder``.
        levels_per_octave: how many magnifications there are between one and its double.
        max_magnification: of small targets; more would show no more of the image.
        reach: half of the receptive field that counts, in pixels of the magnified image: cells nearer to its border, at
            which a padded backbone sees its padding, are not used.
    """

    def __init__(
        self,
        network: SiameseNetwork,
        levels_per_octave: int = 1,
        max_magnification: float = 2.0,
        reach: int = 32,
    ) -> None:
        self.network = network
        self.levels_per_octave = levels_per_octave
        self.max_magnification = max_magnification
        self.reach = reach
        self._num_cells: dict[int, int] = {}

    def __call__(self, image: Tensor, centers: Tensor, sides: Tensor, size: int) -> Tensor:
        """See ``CropFeatures.__call__``. A target's magnification is that of its middle scale."""
        num_scales = sides.shape[1]
        magnifications = (size / sides[:, num_scales // 2]).clamp(max=self.max_magnification)
        levels = (magnifications.log2() * self.levels_per_octave).round()
        features, order = [], []
        for level in levels.unique().tolist():
            of_level = (levels == level).nonzero().squeeze(1)
            magnification = 2 ** (level / self.levels_per_octave)
            # From here on in pixels of the magnified image.
            scaled_centers = centers[of_level] * magnification
            scaled_sides = sides[of_level] * magnification
            features.append(self._sample(image, magnification, scaled_centers, scaled_sides, size))
            order.append(of_level)
        return torch.cat(features)[torch.cat(order).argsort()]

    def _sample(self, image: Tensor, magnification: float, centers: Tensor, sides: Tensor, size: int) -> Tensor:
        """Features of regions, all in pixels of the magnified image."""
        stride = self.network.stride
        num_cells = self._cells(size)
        # The outermost of the regions' cells are centred that far from the regions' centres.
        extents = sides.amax(dim=1, keepdim=True) / size * stride * (num_cells - 1) / 2
        low, high = (centers - extents).amin(dim=0).tolist(), (centers + extents).amax(dim=0).tolist()
        maps, first_cells = self._embed_window(image, magnification, low, high)
        # Where the op samples cell i, its cells being centred at ½, 1½, … : in units of cells from the map's corner.
        in_cells = (centers - centers.new_tensor(first_cells)) / stride + 0.5
        half_sides = sides / size * num_cells / 2
        boxes = torch.stack(
            [in_cells[:, None] - half_sides[..., None], in_cells[:, None] + half_sides[..., None]], dim=2
        ).flatten(2)  # (P, S, 4)
        boxes = boxes.flatten(0, 1)[:, None]
        alone = boxes.new_zeros(len(boxes), dtype=torch.int64)
        sampled = actor_roi_pool3d(maps[None], boxes, alone, (num_cells, num_cells), spatial_scale=1.0)
        return sampled.unflatten(0, sides.shape)

    def _embed_window(
        self, image: Tensor, magnification: float, low: list[float], high: list[float]
    ) -> tuple[Tensor, list[float]]:
        """Embed the part of the magnified image between two corners (x, y).

        Cells lie on one lattice wherever the window is. Far outside of the image there is its mean colour alone, and
        cells all alike, which are not computed but repeated.

        Returns:
            features ``(1, C, H', W')``, and where (x, y) the first cell is centred.
        """
        stride, center = self.network.stride, self._first_center
        num_dropped = max(0, math.ceil((self.reach - center) / stride))
        lead = center + stride * num_dropped  # from the border of what is embedded to its first clean cell
        coordinates, first_cells, padding, num_kept = [], [], [], []
        for axis, length in enumerate((image.shape[2], image.shape[1])):
            first = math.floor((low[axis] - lead) / stride)
            last = math.ceil((high[axis] - lead) / stride)
            near_first = max(first, math.floor((-self.reach - lead) / stride))
            near_last = min(last, math.ceil((length * magnification + self.reach - lead) / stride))
            near_last = max(near_last, near_first)
            num_pixels = (near_last - near_first) * stride + math.ceil(2 * lead)
            pixels = torch.arange(num_pixels, device=image.device, dtype=image.dtype) + (near_first * stride + 0.5)
            coordinates.append(pixels[None] / magnification)
            num_kept.append(near_last - near_first + 1)
            padding += [near_first - first, last - near_last]
            first_cells.append(first * stride + lead)
        window = sample_lattice(image, *coordinates)
        maps = self.network.embed(window)[..., num_dropped:, num_dropped:][..., : num_kept[1], : num_kept[0]]
        return F.pad(maps, padding, mode="replicate"), first_cells

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
            return (
                measure_cell_center(self.network.backbone, (size, size), (cell, cell))[1] - self.network.stride * cell
            )

"""Pairs of crops out of real frames, and what their augmentation does to the geometry."""

from dataclasses import dataclass

import numpy as np

from actorsup.errors import InputError

from .appearance import vary_pair
from .pair_geometry import EXEMPLAR_SIZE, SEARCH_SIZE, context_side, crop


@dataclass(frozen=True)
class PairAugmentation:
    """What happens to crops of real frames (SiamFC's settings; its label stays in the middle, here it moves along).

    Args:
        max_shift: the target lies at most so many pixels off the middle of the search crop, along either axis.
        max_stretch: either crop shows the target at most by this share too large or too small, along either axis.
        flip: probability that both crops are mirrored.
        variation: how much appearance varies between the two, see ``vary_pair``; 0 leaves the pixels as they are.
    """

    max_shift: float = 4.0
    max_stretch: float = 0.05
    flip: float = 0.5
    variation: float = 0.5

    def __post_init__(self) -> None:
        if self.max_shift < 0 or not 0 <= self.max_stretch < 1 or not 0 <= self.flip <= 1 or self.variation < 0:
            raise InputError(
                f"expected max_shift >= 0, 0 <= max_stretch < 1, 0 <= flip <= 1 and variation >= 0, got {self}"
            )

    def pair(
        self,
        rng: np.random.Generator,
        frames: tuple[np.ndarray, np.ndarray],
        boxes: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The exemplar from the first frame, the search crop from the second, and the target's offset in that.

        Args:
            rng: where chance comes from.
            frames: two of ``(H, W, 3)`` uint8 RGB.
            boxes: ``(2, 4)``, the target in each, of positive width and height.
        """
        stretches = rng.uniform(1 - self.max_stretch, 1 + self.max_stretch, (2, 2))
        offset = rng.uniform(-self.max_shift, self.max_shift, 2)
        crops = []
        for frame, box, stretch, size, shift in zip(
            frames,
            boxes.astype(np.float64),
            stretches,
            (EXEMPLAR_SIZE, SEARCH_SIZE),
            (np.zeros(2), offset),
            strict=True,
        ):
            # Pixels of the frame that one pixel of the crop shows; both crops show the target at one magnification.
            step = context_side(box[2:] - box[:2]) / EXEMPLAR_SIZE * stretch
            center = (box[:2] + box[2:]) / 2
            crops.append(crop(frame, center - shift * step, step * size, size))
        if rng.random() < self.flip:
            crops = [image[:, ::-1] for image in crops]
            offset = offset * (-1, 1)
        return *vary_pair(rng, np.ascontiguousarray(crops[0]), np.ascontiguousarray(crops[1]), self.variation), offset

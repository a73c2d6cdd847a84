"""What happens to a pair of crops: where they are cut, and how they look, differently from one to the other."""

from dataclasses import dataclass

import cv2
import numpy as np

from actorsup.errors import InputError
from actorsup.trackers.crops import EXEMPLAR_SIZE, SEARCH_SIZE, context_side, crop_rectangle


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
            crops.append(crop_rectangle(frame, center - shift * step, step * size, size))
        if rng.random() < self.flip:
            crops = [image[:, ::-1] for image in crops]
            offset = offset * (-1, 1)
        return *vary_pair(rng, np.ascontiguousarray(crops[0]), np.ascontiguousarray(crops[1]), self.variation), offset


def vary_pair(
    rng: np.random.Generator, exemplar: np.ndarray, search: np.ndarray, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Change the appearance of two crops ``(h, w, 3)`` uint8 a little differently, as a camera and its codec would.

    Args:
        rng: where chance comes from.
        exemplar: of the target.
        search: the target's surroundings later.
        strength: 1 is what low-resolution web video shows; 0 changes nothing.
    """
    if strength == 0:
        return exemplar, search
    resolution = 1 + strength * rng.exponential(0.5)
    gray = rng.random() < 0.1 * strength
    results = []
    for image in (exemplar, search):
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB) if gray else image
        image = _light(rng, image, strength)
        image = _coarsen(image, resolution * (1 + strength * rng.uniform(0, 0.4)))
        if rng.random() < 0.15 * strength:
            image = _motion_blur(rng, image, strength)
        results.append(_compress(rng, image, strength))
    return results[0], results[1]


def _light(rng: np.random.Generator, image: np.ndarray, strength: float) -> np.ndarray:
    gain = np.exp(strength * (rng.normal(0, 0.12) + rng.normal(0, 0.04, 3)))
    shift = strength * rng.normal(0, 12)
    if rng.random() < 0.2 * strength:  # a gradient over the crop, as of a shadow
        shade = np.exp(strength * rng.normal(0, 0.25, (2, 2))).astype(np.float32)
        shade = cv2.resize(shade, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        image = cv2.multiply(image, cv2.merge([shade] * 3), dtype=cv2.CV_8U)
    values = np.arange(256)[:, None] * gain + shift
    return cv2.LUT(image, np.clip(values, 0, 255).astype(np.uint8)[None])


def _coarsen(image: np.ndarray, factor: float) -> np.ndarray:
    """Lose detail that a target of fewer pixels would not have."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (round(width / factor), round(height / factor)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _motion_blur(rng: np.random.Generator, image: np.ndarray, strength: float) -> np.ndarray:
    # OpenCV filters with more than 11×11 weights by Fourier transforms, which takes ten times as long.
    reach = rng.uniform(1, 1 + 3 * min(strength, 1))
    angle = rng.uniform(0, np.pi)
    end = np.round(4 + reach * np.array([np.cos(angle), np.sin(angle)])).astype(int)
    kernel = np.zeros((9, 9), np.float32)
    cv2.line(kernel, (8 - end).tolist(), end.tolist(), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def _compress(rng: np.random.Generator, image: np.ndarray, strength: float) -> np.ndarray:
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

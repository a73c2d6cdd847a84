"""How one thing looks different from one frame to the next: light, sharpness, noise, compression."""

import cv2
import numpy as np


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

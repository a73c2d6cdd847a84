"""Outlines, random textures, and a canvas to paint them on.

Shapes are complex numbers, y pointing down; outlines are points ``(K, 2)``, maps OpenCV's ``(2, 3)`` matrices.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

SIZE = 128  # of a texture, along a side
_FIXED_POINT = 4  # fractional bits of the corners that OpenCV fills


@dataclass(frozen=True)
class Canvas:
    """Pixels ``(H, W, 3)`` uint8, painted from the back to the front; their middle is the origin of the scene."""

    pixels: np.ndarray

    def paint(self, outline: np.ndarray, texture: np.ndarray, to_texture: np.ndarray) -> None:
        """Fill an outline with a texture, mirrored where it ends; ``to_texture`` maps the scene's pixels to its."""
        height, width = self.pixels.shape[:2]
        outline = np.add(outline, (width / 2, height / 2))
        (left, top), (right, bottom) = outline.min(axis=0).tolist(), outline.max(axis=0).tolist()
        x1, y1 = max(math.floor(left), 0), max(math.floor(top), 0)
        x2, y2 = min(math.ceil(right), width), min(math.ceil(bottom), height)
        if x2 <= x1 or y2 <= y1:
            return
        matrix = to_texture.copy()
        matrix[:, 2] += matrix[:, :2] @ (x1 - (width - 1) / 2, y1 - (height - 1) / 2)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        patch = cv2.warpAffine(texture, matrix, (x2 - x1, y2 - y1), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
        mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
        corners = np.round((outline - (x1 + 0.5, y1 + 0.5)) * (1 << _FIXED_POINT)).astype(np.int32)
        cv2.fillPoly(mask, [corners], 255, shift=_FIXED_POINT)
        cv2.copyTo(patch, mask, self.pixels[y1:y2, x1:x2])

    def paint_bone(self, outline: np.ndarray, texture: np.ndarray, to_scene: np.ndarray, repeats: float) -> None:
        """Fill an outline with a texture centred at a bone's joint, ``repeats`` times a unit of its coordinates."""
        to_texture = cv2.invertAffineTransform(to_scene) * len(texture) * repeats
        to_texture[:, 2] += len(texture) / 2
        self.paint(outline, texture, to_texture)


@dataclass(frozen=True)
class Thing:
    """Something that stands still: what ``Canvas.paint`` takes, as a camera at rest sees it."""

    outline: np.ndarray
    texture: np.ndarray
    to_texture: np.ndarray

    def paint(self, canvas: Canvas, camera: np.ndarray) -> None:
        """Paint it as seen by a camera that maps the scene."""
        to_texture = chain(self.to_texture, cv2.invertAffineTransform(camera))
        canvas.paint(mapped(self.outline, camera), self.texture, to_texture)


def points(shape: np.ndarray) -> np.ndarray:
    """Complex numbers ``(K,)`` as points ``(K, 2)``."""
    return np.stack([shape.real, shape.imag], axis=1)


def mapped(outline: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Points ``(K, 2)`` after a map."""
    return outline @ matrix[:, :2].T + matrix[:, 2]


def chain(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The map that does the first, then the second."""
    chained = second[:, :2] @ first
    chained[:, 2] += second[:, 2]
    return chained


def rotation(angle: float) -> np.ndarray:
    """The matrix ``(2, 2)`` of a turn by an angle in radians, from +x towards +y."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def capsule(length: float, start: float, end: float, num_points: int = 6) -> np.ndarray:
    """A limb from the origin along +y (down): its radius at the ``start`` and at the ``end``."""
    half = np.linspace(0, np.pi, num_points)
    return np.concatenate([end * np.exp(1j * half) + 1j * length, -start * np.exp(1j * half)])


def blob(rng: Generator, roughness: float, num_points: int = 24) -> np.ndarray:
    """A round outline of radius about 1 whose radius varies; ``roughness`` 0 is a circle."""
    phases = np.linspace(0, 2 * np.pi, num_points, endpoint=False)
    orders = np.arange(2, 6)
    radius = 1 + roughness * np.cos(np.outer(phases, orders) + rng.uniform(0, 6.3, 4)) @ (rng.normal(0, 1, 4) / orders)
    return np.clip(radius, 0.3, 2) * np.exp(1j * phases)


def polygon(rng: Generator) -> np.ndarray:
    """Three to seven corners around the origin, regular or not."""
    num_corners = rng.integers(3, 8)
    phases = (np.arange(num_corners) + rng.uniform(-0.3, 0.3, num_corners)) * 2 * np.pi / num_corners
    return rng.uniform(0.6, 1.2, num_corners) * np.exp(1j * (phases + rng.uniform(0, 6.3)))


def rectangle(width: float, height: float) -> np.ndarray:
    """A rectangle around the origin."""
    return np.array([-width - 1j * height, width - 1j * height, width + 1j * height, -width + 1j * height]) / 2


def make_textures(rng: Generator, num_textures: int) -> list[np.ndarray]:
    """Textures ``(SIZE, SIZE, 3)`` uint8: clouds, stripes, checks, cells, spots and patches in a few colours each."""
    fields = (_clouds, _stripes, _checks, _cells, _spots, _patches)
    return [_colored(rng, fields[index % len(fields)](rng)) for index in range(num_textures)]


def tinted(rng: Generator, texture: np.ndarray) -> np.ndarray:
    """A texture in other colours: its channels mixed, its contrast and brightness changed."""
    gain = rng.uniform(0.4, 1.2) * np.exp(rng.normal(0, 0.12, 3))
    # Keeps the middle of the range where contrast falls, moves it where a tint is wanted.
    shift = 128 * (1 - gain) + rng.uniform(-50, 50) + rng.normal(0, 15, 3)
    table = np.clip(np.arange(256)[:, None] * gain + shift, 0, 255).astype(np.uint8)[None]
    return cv2.LUT(np.ascontiguousarray(texture[..., rng.permutation(3)]), table)


def pick_tinted(rng: Generator, textures: list[np.ndarray]) -> np.ndarray:
    """One of the textures in other colours."""
    return tinted(rng, textures[rng.integers(len(textures))])


def _colored(rng: Generator, field: np.ndarray) -> np.ndarray:
    """A field ``(S, S)`` of 0 … 1 painted with a palette of two to five colours, in steps or with gradations."""
    num_colors = rng.integers(2, 6)
    spread = rng.uniform(30, 160)
    palette = rng.uniform(20, 235, 3) + rng.uniform(-spread, spread, (num_colors, 3))
    gray = palette.mean(axis=1, keepdims=True)
    palette = np.clip(gray + rng.uniform(0.05, 0.9) * (palette - gray), 0, 255)  # most things are no rainbow
    position = np.clip(field, 0, 1) * (num_colors - 1)
    if rng.random() < 0.4:
        position = np.round(position)
    below = np.minimum(position.astype(int), num_colors - 2)
    share = (position - below)[..., None]
    color = palette[below] * (1 - share) + palette[below + 1] * share
    return np.clip(color + rng.normal(0, rng.uniform(0, 12), color.shape), 0, 255).astype(np.uint8)


def _clouds(rng: Generator, persistence: float | None = None) -> np.ndarray:
    """Noise of several octaves, from smooth to rough."""
    persistence = rng.uniform(0.35, 0.9) if persistence is None else persistence
    total = np.zeros((SIZE, SIZE), np.float32)
    for octave in range(1, 7):
        grid = rng.random((2**octave, 2**octave), dtype=np.float32) - 0.5
        total += persistence**octave * cv2.resize(grid, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    low, high = np.percentile(total, [2, 98])
    return (total - low) / (high - low)


def _waves(rng: Generator) -> np.ndarray:
    """A bent wave of −1 … 1."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    angle, frequency = rng.uniform(0, np.pi), rng.uniform(2, 14)
    bend = rng.choice([0.0, 0.3]) * _clouds(rng, persistence=0.4)
    return np.sin(2 * np.pi * frequency * (x * np.cos(angle) + y * np.sin(angle) + bend) + rng.uniform(0, 6))


def _stripes(rng: Generator) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(rng.uniform(0.5, 8) * _waves(rng))


def _checks(rng: Generator) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(rng.uniform(1, 8) * _waves(rng) * _waves(rng))


def _cells(rng: Generator) -> np.ndarray:
    """Voronoi cells: the distance from scattered seeds, or one value a cell."""
    free = np.full((SIZE, SIZE), 255, np.uint8)
    num_seeds = int(rng.integers(8, 80))
    free[rng.integers(0, SIZE, num_seeds), rng.integers(0, SIZE, num_seeds)] = 0
    distances, labels = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 5)
    if rng.random() < 0.5:
        return distances / max(distances.max(), 1)
    return rng.random(labels.max() + 1)[labels]


def _spots(rng: Generator) -> np.ndarray:
    field = np.zeros((SIZE, SIZE), np.float32) + 0.4 * _clouds(rng, persistence=0.5).astype(np.float32)
    for _ in range(rng.integers(5, 60)):
        center = rng.integers(0, SIZE, 2).tolist()
        cv2.circle(field, center, int(rng.integers(2, 14)), float(rng.random()), -1)
    return field


def _patches(rng: Generator) -> np.ndarray:
    field = 0.3 * _clouds(rng).astype(np.float32)
    for _ in range(rng.integers(3, 25)):
        corners = rng.integers(0, SIZE, 2) + rng.integers(-40, 40, (rng.integers(3, 6), 2))
        cv2.fillPoly(field, [corners.astype(np.int32)], float(rng.random()))
    return field

"""Outlines of filled shapes. Points of the plane are complex numbers here, y pointing down."""

import numpy as np


def capsule(length: float, start: float, end: float, num_points: int = 6) -> np.ndarray:
    """A limb from the origin along +y (down): its radius at the ``start`` and at the ``end``."""
    half = np.linspace(0, np.pi, num_points)
    return np.concatenate([end * np.exp(1j * half) + 1j * length, -start * np.exp(1j * half)])


def blob(rng: np.random.Generator, roughness: float, num_points: int = 24) -> np.ndarray:
    """A round outline of radius about 1 whose radius varies; ``roughness`` 0 is a circle."""
    phases = np.linspace(0, 2 * np.pi, num_points, endpoint=False)
    orders = np.arange(2, 6)
    radius = 1 + roughness * np.cos(np.outer(phases, orders) + rng.uniform(0, 6.3, 4)) @ (rng.normal(0, 1, 4) / orders)
    return np.clip(radius, 0.3, 2) * np.exp(1j * phases)


def polygon(rng: np.random.Generator) -> np.ndarray:
    """Three to seven corners around the origin, regular or not."""
    num_corners = rng.integers(3, 8)
    phases = (np.arange(num_corners) + rng.uniform(-0.3, 0.3, num_corners)) * 2 * np.pi / num_corners
    return rng.uniform(0.6, 1.2, num_corners) * np.exp(1j * (phases + rng.uniform(0, 6.3)))


def rectangle(width: float, height: float) -> np.ndarray:
    """A rectangle around the origin."""
    return np.array([-width - 1j * height, width - 1j * height, width + 1j * height, -width + 1j * height]) / 2

"""What several tests share: the folder of real data, and small videos written on the spot."""

import gc
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.browser import browser  # noqa: F401


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser takes its time."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Let nobody look for garbage in what was imported, a million objects: mmengine does for every dataset it makes."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real clips, annotation and weights; tests that need it skip without it."""
    root = os.environ.get("ACTORSUP_DATA")
    if not root:
        pytest.skip("ACTORSUP_DATA is not set: no real clips, annotation and weights here")
    return Path(root)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def moving_square(num_frames: int, size: tuple[int, int] = (96, 64), side: int = 20, speed: int = 2) -> np.ndarray:
    """Frames ``(T, H, W, 3)`` RGB: a textured red square moves right by ``speed`` pixels a frame over a dark ground."""
    width, height = size
    texture = np.random.default_rng(0).integers(0, 80, (side, side, 3), dtype=np.uint8)
    texture[..., 0] += 175
    frames = np.full((num_frames, height, width, 3), 40, np.uint8)
    for index in range(num_frames):
        left = min(4 + speed * index, width - side)
        frames[index, 16 : 16 + side, left : left + side] = texture
    return frames


def write_video(path: Path, frames: np.ndarray, codec: str = "MJPG") -> Path:
    """Write RGB frames ``(T, H, W, 3)`` as a video file; ``.avi`` and ``MJPG`` are what every OpenCV build has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = frames.shape[1:3]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 25, (width, height))
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
    return path

"""Videos as files."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np


@contextmanager
def video_file(path: str | Path, size: tuple[int, int], frames_per_second: float) -> Iterator[Callable]:
    """Write an ``.mp4`` (MPEG-4 Part 2, what every OpenCV build has); it appears whole at the end, or not at all.

    Args:
        path: its folder is made.
        size: ``(width, height)`` of a frame, even numbers.
        frames_per_second: how fast it plays.

    Yields:
        A function that takes the next frame ``(H, W, 3)`` uint8, RGB.

    Raises:
        OSError: if it cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.stem}.{os.getpid()}.tmp{path.suffix}")
    writer = cv2.VideoWriter(str(temporary), cv2.VideoWriter_fourcc(*"mp4v"), frames_per_second, size)
    try:
        if not writer.isOpened():
            raise OSError(f"{path}: the video cannot be written")

        def write(frame: np.ndarray) -> None:
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))

        yield write
        writer.release()
        os.replace(temporary, path)
    finally:
        writer.release()
        temporary.unlink(missing_ok=True)

"""Small sequences on disk."""

from pathlib import Path

import cv2
import numpy as np

from tests.conftest import moving_square


def write_frames(folder: Path, num_frames: int) -> np.ndarray:
    """Frames ``00000001.png …`` of a moving square, without loss."""
    frames = moving_square(num_frames)
    folder.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{index + 1:08d}.png"), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    return frames


def square_boxes(num_frames: int) -> np.ndarray:
    """The square's boxes ``(T, 4)``."""
    left = 4 + 2.0 * np.arange(num_frames)
    top = np.full(num_frames, 16.0)
    return np.stack([left, top, left + 20, top + 20], axis=1)


def ground_truth(num_frames: int) -> str:
    """``x,y,w,h`` of the square in pixels from 1."""
    boxes = square_boxes(num_frames)
    return "".join(f"{box[0] + 1:g},{box[1] + 1:g},20,20\n" for box in boxes)


def write_sequence(folder: Path, num_frames: int, frames: str = "") -> np.ndarray:
    """A folder with a ``groundtruth.txt`` and frames, in a subfolder or in itself."""
    written = write_frames(folder / frames, num_frames)
    (folder / "groundtruth.txt").write_text(ground_truth(num_frames))
    return written

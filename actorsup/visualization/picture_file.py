"""Pictures as files."""

from pathlib import Path

import cv2
import numpy as np


def save_picture(path: str | Path, picture: np.ndarray) -> None:
    """Write ``(H, W, 3)`` uint8, RGB, in the format of the name's suffix; its folder is made.

    Raises:
        OSError: if it cannot be written.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)):
        raise OSError(f"{path}: the picture cannot be written")

"""Pictures of any size, side by side."""

from collections.abc import Sequence

import cv2
import numpy as np


def contact_sheet(pictures: Sequence[np.ndarray], num_columns: int = 4, height: int = 240) -> np.ndarray:
    """Rows of pictures ``(H, W, 3)`` uint8, each scaled to one height: one picture, black where a row is shorter.

    Raises:
        ValueError: if there is no picture.
    """
    if not pictures:
        raise ValueError("a sheet needs a picture")
    scaled = []
    for picture in pictures:
        width = max(1, round(picture.shape[1] * height / picture.shape[0]))
        scaled.append(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))
    rows = [np.concatenate(scaled[start : start + num_columns], axis=1) for start in range(0, len(scaled), num_columns)]
    width = max(row.shape[1] for row in rows)
    return np.concatenate([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows])

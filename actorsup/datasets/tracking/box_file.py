"""Text files of boxes as tracking benchmarks have them: read into ``(x1, y1, x2, y2)``, continuous pixels from 0.

The benchmarks were annotated and evaluated in Matlab, whose first pixel is 1, and published trackers subtract it:
``first_pixel`` says which number the first pixel has in the file.
"""

import re
from pathlib import Path

import numpy as np

from actorsup.errors import InputError

SEPARATORS = re.compile(r"\s*[,;]\s*|\s+")


def read_lines(path: Path) -> list[str]:
    """The lines of a text file, empty ones at its end left out.

    Raises:
        InputError: if it cannot be read, or is no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not a text file ({error})") from error


def parse_numbers(path: Path, line_number: int, line: str) -> np.ndarray:
    """The numbers of a line, which commas, semicolons, tabs or spaces separate; float64.

    Raises:
        InputError: naming file, line and text, if one of them is no number.
    """
    try:
        return np.array([float(part) for part in SEPARATORS.split(line.strip()) if part])
    except ValueError as error:
        raise InputError(f"{path}, line {line_number}: {line!r}: {error}") from error


def box_of_numbers(numbers: np.ndarray, first_pixel: int) -> np.ndarray:
    """One box ``(4,)`` of ``x y w h`` or of the corners ``x1 y1 x2 y2 x3 y3 x4 y4`` of a polygon.

    A polygon becomes the smallest box with upright sides around it, as in the VOT toolkit's conversion. Four NaN or no
    area mean that there is no target: NaN.

    Raises:
        ValueError: if there are neither 4 nor 8 numbers, some are not finite, or a width or height is negative.
    """
    if len(numbers) not in (4, 8):
        raise ValueError(f"expected x,y,w,h or 8 numbers of a polygon, got {len(numbers)} numbers")
    if np.isnan(numbers).all():
        return np.full(4, np.nan)
    if not np.isfinite(numbers).all():
        raise ValueError("expected finite numbers, or NaN alone where there is no target")
    if len(numbers) == 4:
        if (numbers[2:] < 0).any():
            raise ValueError("width and height must not be negative")
        box = np.concatenate([numbers[:2], numbers[:2] + numbers[2:]])
    else:
        corners = numbers.reshape(4, 2)
        box = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    return box - first_pixel if (box[2:] > box[:2]).all() else np.full(4, np.nan)


def read_box_file(path: str | Path, first_pixel: int = 1) -> np.ndarray:
    """Boxes ``(T, 4)`` float32 of a ``groundtruth.txt``: a line ``x,y,w,h``, or 8 numbers of a polygon, a frame.

    Args:
        path: the file; commas, semicolons, tabs or spaces separate its numbers.
        first_pixel: number of the first pixel in the file, 0 or 1.

    Returns:
        ``(x1, y1, x2, y2)``; NaN where a line is NaN, or its box has no area: there the target is not to be seen.

    Raises:
        InputError: naming file, line and text.
    """
    path = Path(path)
    boxes = []
    for line_number, line in enumerate(read_lines(path), start=1):
        numbers = parse_numbers(path, line_number, line)
        try:
            boxes.append(box_of_numbers(numbers, first_pixel))
        except ValueError as error:
            raise InputError(f"{path}, line {line_number}: {line!r}: {error}") from error
    if not boxes:
        raise InputError(f"{path}: holds no box")
    return np.stack(boxes).astype(np.float32)

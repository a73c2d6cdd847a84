"""Sequences of frames on disk: any folder with a ``groundtruth.txt``, GOT-10k, ALOV++.

The benchmarks were annotated and evaluated in Matlab, whose first pixel is 1, and published trackers subtract it:
``first_pixel`` says which number the first pixel has in the file. Here boxes are ``(x1, y1, x2, y2)``, continuous
pixels from 0.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from actorsup.errors import InputError
from actorsup.io.video_reader import IMAGE_SUFFIXES, FrameFolderReader
from actorsup.registry import DATASETS

from .sequences import LazyFrames, SequenceSource, TrackingSequence, choose_names

GROUND_TRUTH = "groundtruth.txt"
NOT_PUBLISHED = "a file of one box alone is a test sequence, whose truth the benchmark keeps"


@DATASETS.register_module()
class SequenceFolder(SequenceSource):
    """Folders that hold frames and a ``groundtruth.txt``, as in OTB, VOT and LaSOT.

    The frames are the images in the folder, or in the one subfolder that holds images (``img``, ``imgs``, ``color`` …),
    in the natural order of their names. ``groundtruth.txt`` has a line a frame, see ``read_box_file``.

    Args:
        root: the folder of the sequences' folders, or the folder of one sequence.
        sequences: names of the folders to use; None uses all that hold a ``groundtruth.txt``.
        first_pixel: number of the first pixel in ``groundtruth.txt``, 0 or 1.
    """

    def __init__(self, root: str | Path, sequences: Sequence[str] | None = None, first_pixel: int = 1) -> None:
        root = _existing(root)
        if (root / GROUND_TRUTH).is_file():
            known, self.root = [root.name], root.parent
        else:
            known, self.root = sorted(path.parent.name for path in root.glob(f"*/{GROUND_TRUTH}")), root
        self.names = choose_names(known, sequences, root)
        self.first_pixel = _pixel_number(first_pixel)

    def read(self, name: str) -> TrackingSequence:
        """See ``SequenceSource.read``."""
        folder = self.root / name
        boxes = read_box_file(folder / GROUND_TRUTH, self.first_pixel)
        return _sequence(name, _frame_folder(folder), boxes, folder / GROUND_TRUTH)


@DATASETS.register_module()
class GOT10k(SequenceSource):
    """GOT-10k: ``list.txt`` names the sequences' folders, each with ``00000001.jpg …`` and ``groundtruth.txt``.

    A frame that ``absence.label`` marks with 1 has no box here: the target is not to be seen in it.

    Args:
        root: the folder of one split, ``train`` or ``val``; the boxes of ``test`` are not published.
        sequences: names of the folders to use; None uses all of ``list.txt``.
        first_pixel: number of the first pixel in the files, 0 or 1.
    """

    def __init__(self, root: str | Path, sequences: Sequence[str] | None = None, first_pixel: int = 1) -> None:
        self.root = _existing(root)
        known = [line.strip() for line in read_lines(self.root / "list.txt") if line.strip()]
        self.names = choose_names(known, sequences, self.root / "list.txt")
        self.first_pixel = _pixel_number(first_pixel)

    def read(self, name: str) -> TrackingSequence:
        """See ``SequenceSource.read``."""
        folder = self.root / name
        boxes = read_box_file(folder / GROUND_TRUTH, self.first_pixel)
        if (folder / "absence.label").is_file():
            boxes[_absent(folder / "absence.label", len(boxes))] = np.nan
        return _sequence(name, folder, boxes, folder / GROUND_TRUTH)


@DATASETS.register_module()
class ALOV(SequenceSource):
    """ALOV++ (ALOV300++): a folder of frames and an ``.ann`` file a sequence.

    Read here is ``<frames>/<aspect>/<sequence>/00000001.jpg …`` and ``<annotations>/<aspect>/<sequence>.ann`` with
    lines ``frame x1 y1 x2 y2 x3 y3 x4 y4``: the frame from 1 and the corners of the box in pixels from 1, about every
    fifth frame. This layout is known from code that reads it; it was not checked against the dataset itself.

    Args:
        root: the folder that the next two are relative to.
        frames: folder of the frames.
        annotations: folder of the ``.ann`` files.
        sequences: names ``aspect/sequence`` to use; None uses all.
        first_pixel: number of the first pixel in the files, 0 or 1.
    """

    def __init__(
        self,
        root: str | Path,
        frames: str = "imagedata++",
        annotations: str = "alov300++_rectangleAnnotation_full",
        sequences: Sequence[str] | None = None,
        first_pixel: int = 1,
    ) -> None:
        root = _existing(root)
        self.frames = _existing(root / frames)
        self.annotations = _existing(root / annotations)
        known = [
            path.relative_to(self.annotations).with_suffix("").as_posix()
            for path in sorted(self.annotations.glob("*/*.ann"))
        ]
        self.names = choose_names(known, sequences, self.annotations)
        self.first_pixel = _pixel_number(first_pixel)

    def read(self, name: str) -> TrackingSequence:
        """See ``SequenceSource.read``."""
        path = self.annotations / f"{name}.ann"
        num_frames = len(FrameFolderReader(self.frames / name).files)
        boxes = np.full((num_frames, 4), np.nan, np.float32)
        for line_number, line in enumerate(read_lines(path), start=1):
            frame, *corners = parse_numbers(path, line_number, line)
            try:
                if len(corners) != 8 or frame != round(frame) or not 1 <= frame <= num_frames:
                    raise ValueError(f"expected a frame of 1 … {num_frames} and 8 numbers of corners")
                boxes[int(frame) - 1] = box_of_numbers(np.array(corners), self.first_pixel)
            except ValueError as error:
                raise InputError(f"{path}, line {line_number}: {line!r}: {error}") from error
        return _sequence(name, self.frames / name, boxes, path)


def _existing(root: str | Path) -> Path:
    root = Path(root).expanduser()
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; the sequences belong there")
    return root


def _pixel_number(first_pixel: int) -> int:
    if first_pixel not in (0, 1):
        raise InputError(f"first_pixel must be 0 or 1, got {first_pixel!r}")
    return first_pixel


def _frame_folder(folder: Path) -> Path:
    """The one folder of a sequence that holds images: itself or a subfolder."""
    candidates = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    found = [path for path in candidates if any(file.suffix.lower() in IMAGE_SUFFIXES for file in path.iterdir())]
    if len(found) != 1:
        raise InputError(
            f"{folder}: expected frames in it or in one subfolder, found them in "
            f"{', '.join(path.name for path in found) or 'none'}"
        )
    return found[0]


def _absent(path: Path, num_frames: int) -> np.ndarray:
    lines = read_lines(path)
    for line_number, line in enumerate(lines, start=1):
        if line.strip() not in ("0", "1"):
            raise InputError(f"{path}, line {line_number}: {line!r}: expected 0 or 1")
    if len(lines) != num_frames:
        raise InputError(f"{path}: has {len(lines)} lines, {GROUND_TRUTH} beside it {num_frames}")
    return np.array([line.strip() == "1" for line in lines])


def _sequence(name: str, frames: Path, boxes: np.ndarray, source: Path) -> TrackingSequence:
    num_frames = len(FrameFolderReader(frames).files)
    if num_frames != len(boxes):
        raise InputError(f"{source}: has {len(boxes)} boxes, {frames} holds {num_frames} frames; {NOT_PUBLISHED}")
    try:
        return TrackingSequence(name, LazyFrames(frames, 0, num_frames), boxes)
    except ValueError as error:
        raise InputError(f"{source}: {error}") from error


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

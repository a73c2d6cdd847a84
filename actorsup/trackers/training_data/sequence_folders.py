"""Sequences of frames on disk, whose benchmarks count pixels from 1, as Matlab does."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from actorsup.errors import InputError
from actorsup.io.video_reader import FrameFolderReader, is_image
from actorsup.registry import DATASETS

from .sequences import LazyFrames, SequenceSource, TrackingSequence, choose_names, existing_folder

GROUND_TRUTH = "groundtruth.txt"


@DATASETS.register_module()
class SequenceFolder(SequenceSource):
    """Folders that hold frames and a ``groundtruth.txt`` (``read_box_file``), as in OTB, VOT and LaSOT.

    The frames are the images in the folder, or in the one subfolder that holds images (``img``, ``imgs``, ``color`` …),
    in the natural order of their names.

    Args:
        root: the folder of the sequences' folders, or the folder of one sequence.
        sequences: names of the folders to use; None uses all that hold a ``groundtruth.txt``.
        first_pixel: number of the first pixel in ``groundtruth.txt``, 0 or 1.
    """

    def __init__(self, root: str | Path, sequences: Sequence[str] | None = None, first_pixel: int = 1) -> None:
        if first_pixel not in (0, 1):
            raise InputError(f"first_pixel must be 0 or 1, got {first_pixel!r}")
        root = existing_folder(root)
        is_sequence = (root / GROUND_TRUTH).is_file()
        known = [root.name] if is_sequence else sorted(path.parent.name for path in root.glob(f"*/{GROUND_TRUTH}"))
        self.root = root.parent if is_sequence else root
        self.names = choose_names(known, sequences, root)
        self.first_pixel = first_pixel

    def read(self, name: str) -> TrackingSequence:
        """See ``SequenceSource.read``."""
        path = self.root / name / GROUND_TRUTH
        return _sequence(name, _frame_folder(path.parent), read_box_file(path, self.first_pixel), path)


@DATASETS.register_module()
class GOT10k(SequenceSource):
    """GOT-10k: ``list.txt`` names the folders; a frame that ``absence.label`` marks with 1 has no box.

    ``root`` is the folder of one split, ``train`` or ``val``; the boxes of ``test`` are not published. ``sequences``
    are the names to use; None uses all.
    """

    def __init__(self, root: str | Path, sequences: Sequence[str] | None = None) -> None:
        self.root = existing_folder(root)
        known = _parse_lines(self.root / "list.txt", str.strip)
        self.names = choose_names([name for name in known if name], sequences, self.root / "list.txt")

    def read(self, name: str) -> TrackingSequence:
        """See ``SequenceSource.read``."""
        path, labels = self.root / name / GROUND_TRUTH, self.root / name / "absence.label"
        boxes = read_box_file(path)
        if labels.is_file():
            absent = _parse_lines(labels, _is_absent)
            if len(absent) != len(boxes):
                raise InputError(f"{labels}: has {len(absent)} lines, {GROUND_TRUTH} beside it {len(boxes)}")
            boxes[absent] = np.nan
        return _sequence(name, path.parent, boxes, path)


@DATASETS.register_module()
class ALOV(SequenceSource):
    """ALOV++ (ALOV300++): ``<frames>/<aspect>/<sequence>/00000001.jpg …``, ``<annotations>/<aspect>/<sequence>.ann``.

    Lines are ``frame x1 y1 x2 y2 x3 y3 x4 y4``: the frame and the corners of its box in pixels, all counted from 1, for
    about every fifth frame. The layout is that of published readers; it was not checked against the dataset itself.

    Args:
        root: the folder that ``frames`` and ``annotations`` are relative to.
        frames: folder of the frames.
        annotations: folder of the ``.ann`` files.
        sequences: names ``aspect/sequence`` to use; None uses all.
    """

    def __init__(
        self,
        root: str | Path,
        frames: str = "imagedata++",
        annotations: str = "alov300++_rectangleAnnotation_full",
        sequences: Sequence[str] | None = None,
    ) -> None:
        root = existing_folder(root)
        self.frames = existing_folder(root / frames)
        self.annotations = existing_folder(root / annotations)
        known = [f"{path.parent.name}/{path.stem}" for path in sorted(self.annotations.glob("*/*.ann"))]
        self.names = choose_names(known, sequences, self.annotations)

    def read(self, name: str) -> TrackingSequence:
        """See ``SequenceSource.read``."""
        path = self.annotations / f"{name}.ann"
        num_frames = len(FrameFolderReader(self.frames / name).files)
        boxes = np.full((num_frames, 4), np.nan, np.float32)

        def parse(line: str) -> None:
            frame, *corners = _numbers(line)
            if len(corners) != 8 or frame not in range(1, num_frames + 1):
                raise ValueError(f"expected a frame of 1 … {num_frames} and 8 numbers of corners")
            boxes[int(frame) - 1] = _box(corners, first_pixel=1)

        _parse_lines(path, parse)
        return _sequence(name, self.frames / name, boxes, path)


def read_box_file(path: str | Path, first_pixel: int = 1) -> np.ndarray:
    """Boxes ``(T, 4)`` float32, in pixels, of a ``groundtruth.txt``: ``x,y,w,h`` or a polygon of 8 numbers a line.

    Commas, semicolons or white space separate numbers. A polygon becomes the upright box around it, as in the VOT
    toolkit. A line of NaN, or a box without area, is a hidden target: NaN.
    """
    boxes = _parse_lines(Path(path), lambda line: _box(_numbers(line), first_pixel))
    if not boxes:
        raise InputError(f"{path}: holds no box")
    return np.stack(boxes).astype(np.float32)


def _parse_lines(path: Path, parse: Callable) -> list:
    """What ``parse`` makes of each line but empty ones at the end; its ``ValueError`` names file, line and text."""
    try:
        lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not a text file ({error})") from error
    parsed = []
    for number, line in enumerate(lines, start=1):
        try:
            parsed.append(parse(line))
        except ValueError as error:
            raise InputError(f"{path}, line {number}: {line!r}: {error}") from error
    return parsed


def _numbers(line: str) -> list[float]:
    return [float(part) for part in re.findall(r"[^\s,;]+", line)]


def _is_absent(line: str) -> bool:
    if line.strip() not in ("0", "1"):
        raise ValueError("expected 0 or 1")
    return line.strip() == "1"


def _box(numbers: Sequence[float], first_pixel: int) -> np.ndarray:
    """One box ``(4,)`` of ``x y w h``, or of the corners ``x1 y1 … x4 y4`` of a polygon; NaN without an area."""
    if len(numbers) not in (4, 8):
        raise ValueError(f"expected x,y,w,h or 8 numbers of a polygon, got {len(numbers)} numbers")
    if np.isnan(numbers).all():
        return np.full(4, np.nan)
    if not np.isfinite(numbers).all():
        raise ValueError("expected finite numbers, or NaN alone where there is no target")
    corners = np.reshape(numbers, (-1, 2))
    if len(numbers) == 4:
        if (corners[1] < 0).any():
            raise ValueError("width and height must not be negative")
        corners = np.cumsum(corners, axis=0)
    box = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    return box - first_pixel if (box[2:] > box[:2]).all() else np.full(4, np.nan)


def _frame_folder(folder: Path) -> Path:
    candidates = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    found = [path for path in candidates if any(map(is_image, path.iterdir()))]
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise InputError(f"{folder}: expected frames in it or in one subfolder, found them in {names}")
    return found[0]


def _sequence(name: str, frames: Path, boxes: np.ndarray, source: Path) -> TrackingSequence:
    num_frames = len(FrameFolderReader(frames).files)
    if num_frames != len(boxes):
        hint = "a file of one box alone is a test sequence, whose truth the benchmark keeps"
        raise InputError(f"{source}: has {len(boxes)} boxes, {frames} holds {num_frames} frames; {hint}")
    try:
        return TrackingSequence(name, LazyFrames(frames, 0, num_frames), boxes)
    except ValueError as error:
        raise InputError(f"{source}: {error}") from error

"""Video files and folders of frames, read in order and frame-exact."""

import os
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from actorsup.errors import VideoError
from actorsup.registry import VIDEO_READERS

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")


class VideoReader(ABC):
    """One video. Frames are ``(H, W, 3)`` uint8, RGB, all of one size.

    Iterating decodes from the first frame to the last and holds one frame at a time. Every iteration starts anew.

    Args:
        path: the video file or folder.

    Raises:
        VideoError: here or while reading, if the video cannot be used; the message names the path and the reason.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise VideoError(f"{self.path}: no such video")

    @abstractmethod
    def __iter__(self) -> Iterator[np.ndarray]:
        """Every frame in order."""

    def frames_at(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """The frames at ascending 0-based indices (repeats allowed): ``(N, H, W, 3)``.

        Raises:
            VideoError: if the video ends before the last index.
        """
        indices = np.asarray(indices)
        if len(indices) == 0 or (np.diff(indices) < 0).any() or indices[0] < 0:
            raise ValueError(f"frame indices must be ascending, 0 or more, and at least one, got {indices.tolist()}")
        picked = list(self._pick(indices))
        if len(picked) < len(indices):
            raise VideoError(f"{self.path}: the video ends before frame {indices[len(picked)]}")
        return np.stack(picked)

    def _pick(self, indices: np.ndarray) -> Iterator[np.ndarray]:
        frames = enumerate(self)
        current, frame = -1, None
        for wanted in indices:
            while current < wanted:
                current, frame = next(frames, (None, None))
                if frame is None:
                    return
            yield frame

    def read_all(self) -> np.ndarray:
        """All frames, decoded into memory: ``(T, H, W, 3)``."""
        return np.stack(list(self))

    def frames_from(self, start: int) -> Iterator[np.ndarray]:
        """Frames ``(H, W, 3)`` ``start``, ``start + 1``, … to the last; here those before are decoded and dropped."""
        return islice(self, start, None)

    def estimate_length(self) -> int:
        """About how many frames there are, quickly, by metadata; 0 where nothing is known.

        To compare videos, for nothing else: how many frames there are is learnt by reading them.
        """
        return 0

    def frames_per_second(self) -> float | None:
        """How fast the video plays, as its metadata say; None where nothing is known."""
        return None


@VIDEO_READERS.register_module()
class FrameFolderReader(VideoReader):
    """A folder of image files, one a frame, in the natural order of their names (``f2`` before ``f10``).

    Hidden files are ignored. All names must be one series, alike but for their last number, each number once: a folder
    that also holds optical flow or a thumbnail is refused, unless ``pattern`` says which files are the frames.

    Args:
        path: the folder.
        pattern: of the names, as in a shell: ``img_*``.
    """

    def __init__(self, path: str | Path, pattern: str | None = None) -> None:
        super().__init__(path)
        if not self.path.is_dir():
            raise VideoError(f"{self.path}: is no folder of frames")
        with os.scandir(self.path) as entries:
            names = [entry.name for entry in entries if not entry.is_dir()]
        images = [self.path / name for name in names if is_image(Path(name))]
        files = [file for file in images if fnmatch(file.name, pattern or "*")]
        if not files:
            which = f" that is named {pattern}" if pattern else ""
            there = Counter(Path(name).suffix if name[0] != "." else "hidden" for name in names)
            holds = ", ".join(f"{count} {kind or 'without suffix'}" for kind, count in there.most_common(5))
            raise VideoError(
                f"{self.path}: holds no frame{which}, only these files: {holds or 'none'}. A folder is one video, "
                f"whose frames end in {', '.join(IMAGE_SUFFIXES)}; videos are given file by file"
            )
        self.files = sorted(files, key=lambda file: _natural_key(file.name))
        series = Counter(_split(file)[0] for file in files)
        for name in list(series):  # frames that were put in between are named 7a, 7b
            if name[-2:-1] == "#" and name[-1].isalpha() and name[:-1] in series:
                series[name[:-1]] += series.pop(name)
        if pattern is None and len(series) > 1:
            raise VideoError(
                f"{self.path}: holds several series of frames, {_listed(series)}; choose the one of the video, with "
                "reader=dict(type='FrameFolderReader', pattern='...*'), or move the others away"
            )
        same = Counter(map(_split, files))
        if repeated := [file.name for file in self.files if same[_split(file)] > 1]:
            raise VideoError(f"{self.path}: holds a frame several times: {', '.join(repeated[:2])}; keep one of them")

    def __iter__(self) -> Iterator[np.ndarray]:
        return self._read(self.files)

    def frames_from(self, start: int) -> Iterator[np.ndarray]:
        """See ``VideoReader.frames_from``."""
        return self._read(self.files[start:])

    def estimate_length(self) -> int:
        """See ``VideoReader.estimate_length``; here it is exact."""
        return len(self.files)

    def _pick(self, indices: np.ndarray) -> Iterator[np.ndarray]:
        return self._read([self.files[index] for index in indices if index < len(self.files)])

    def _read(self, files: Sequence[Path]) -> Iterator[np.ndarray]:
        size = None
        for file in files:
            frame = read_image(file)
            if size is not None and frame.shape != size:
                raise VideoError(
                    f"{file}: is {frame.shape[1]}x{frame.shape[0]}, the frames before are {size[1]}x{size[0]}"
                )
            size = frame.shape
            yield frame


def is_image(path: Path) -> bool:
    """Whether a file is an image by its suffix, and not hidden, as those are that a Mac leaves (``._001.jpg``)."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def read_image(path: Path) -> np.ndarray:
    """An image ``(H, W, 3)``, uint8, RGB, turned as its EXIF says; a ``VideoError`` if it cannot be read."""
    # OpenCV's own reading of files crashes on names that are no UTF-8.
    try:
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        raise VideoError(f"{path}: cannot be read ({error.strerror})") from error
    image = cv2.imdecode(content, cv2.IMREAD_COLOR_RGB) if len(content) else None
    if image is None:
        raise VideoError(f"{path}: cannot be decoded as an image")
    return image


def _split(file: Path) -> tuple[str, str]:
    """The series that a frame belongs to, ``img_#`` of ``img_007.jpg``, and which of it; names may have no number."""
    numbers = list(re.finditer(r"\d+", file.stem))
    if not numbers:
        return "names without a number", file.stem
    start, end = numbers[-1].span()
    return f"{file.stem[:start]}#{file.stem[end:]}", f"{int(file.stem[start:end])}{file.stem[end:]}"


def _listed(series: Counter[str], most: int = 5) -> str:
    named = [f"{name} ({count})" for name, count in series.most_common(most)]
    return ", ".join(named) + (f" and {len(series) - most} more" if len(series) > most else "")


def _natural_key(name: str) -> list:
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", name)]


def open_video(path: str | Path, reader: dict | None = None) -> VideoReader:
    """Open a video: by ``reader``, a config of a registered reader without its path, or by what the path is.

    Without ``reader`` a folder is read by ``FrameFolderReader``, anything else by ``PyAVReader``.
    """
    if reader is None:
        reader = {"type": "FrameFolderReader" if Path(path).is_dir() else "PyAVReader"}
    return VIDEO_READERS.build({**reader, "path": path})

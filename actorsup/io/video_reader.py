"""Video files and folders of frames, read in order and frame-exact."""

import logging
import re
import zlib
from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from mmengine.logging import print_log

from actorsup.errors import VideoError
from actorsup.registry import VIDEO_READERS

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
BYTES_OF_A_FRAME = 8000  # of a compressed video of about 320×240, roughly
MAX_RATE = 1000  # frames per second; headers that announce more are wrong


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

        Always decodes from the start, because a container's index is not to be trusted to be frame-exact.

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

    def frames_near(self, index: int) -> Iterator[np.ndarray]:
        """Frames in order, beginning near ``index``, by the quickest way.

        Where that way is not frame-exact it may begin earlier or later, or end early, and its first frames may be
        damaged: ``VideoFrames`` finds out which frames they are. Where there is none, the frames before ``index`` are
        decoded and dropped.
        """
        return islice(self, index, None)

    def estimate_length(self) -> int:
        """About how many frames there are, quickly, by metadata; 0 where nothing is known.

        To compare videos, for nothing else: how many frames there are is learnt by reading them.
        """
        return 0

    def frames_per_second(self) -> float | None:
        """How fast the video plays, as its metadata say; None where nothing is known."""
        return None


@VIDEO_READERS.register_module()
class OpenCVReader(VideoReader):
    """A video file, decoded by OpenCV's FFmpeg.

    A file that decodes to clearly fewer frames than its header announces is truncated and refused. Headers are often
    off by a frame or two, so ``tolerance`` of the announced frames (and always 2) may be missing.
    """

    def __init__(self, path: str | Path, tolerance: float = 0.02) -> None:
        super().__init__(path)
        self.tolerance = tolerance

    @contextmanager
    def _opened(self) -> Iterator[cv2.VideoCapture]:
        capture = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG)
        try:
            if not capture.isOpened():
                size = self.path.stat().st_size
                raise VideoError(
                    f"{self.path}: cannot be opened as a video ({size} bytes); is it complete and a video file?"
                )
            yield capture
        finally:
            capture.release()

    def __iter__(self) -> Iterator[np.ndarray]:
        return self._decode(lambda index: True)

    def frames_near(self, index: int) -> Iterator[np.ndarray]:
        """See ``VideoReader.frames_near``: OpenCV seeks by time stamps, which are not frame-exact in every file."""
        with self._opened() as capture:
            capture.set(cv2.CAP_PROP_POS_FRAMES, index)
            while (decoded := capture.read())[0]:
                yield cv2.cvtColor(decoded[1], cv2.COLOR_BGR2RGB)

    def estimate_length(self) -> int:
        """See ``VideoReader.estimate_length``; by the file's size where its header announces nothing."""
        with self._opened() as capture:
            announced = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        # Fragmented MP4 files announce 0 frames, others an overflown number.
        return announced if announced > 0 else self.path.stat().st_size // BYTES_OF_A_FRAME

    def frames_per_second(self) -> float | None:
        """See ``VideoReader.frames_per_second``."""
        with self._opened() as capture:
            rate = capture.get(cv2.CAP_PROP_FPS)
        return rate if 0 < rate < MAX_RATE else None

    def _pick(self, indices: np.ndarray) -> Iterator[np.ndarray]:
        counts = dict(zip(*np.unique(indices, return_counts=True), strict=True))
        frames = self._decode(lambda index: index in counts, stop=int(indices[-1]) + 1)
        for index, frame in zip(sorted(counts), frames, strict=False):
            for _ in range(counts[index]):
                yield frame

    def _decode(self, wanted, stop: int | None = None) -> Iterator[np.ndarray]:
        """The frames whose index is wanted; the others are decoded but not converted."""
        with self._opened() as capture:
            announced = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
            index = 0
            while capture.grab():
                if wanted(index):
                    decoded, frame = capture.retrieve()
                    if not decoded:
                        raise VideoError(f"{self.path}: frame {index} cannot be decoded")
                    yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                index += 1
                if index == stop:
                    return
        if index == 0:
            raise VideoError(f"{self.path}: holds no frame that can be decoded")
        if announced - index > max(2, self.tolerance * announced):
            raise VideoError(f"{self.path}: truncated, its header announces {announced} frames, {index} can be decoded")


@VIDEO_READERS.register_module()
class FrameFolderReader(VideoReader):
    """A folder of image files, one a frame, in the natural order of their names (``f2`` before ``f10``)."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        files = [file for file in self.path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES]
        if not files:
            raise VideoError(f"{self.path}: holds no frame; expected files ending in {', '.join(IMAGE_SUFFIXES)}")
        self.files = sorted(files, key=lambda file: _natural_key(file.name))

    def __iter__(self) -> Iterator[np.ndarray]:
        return self._read(self.files)

    def frames_near(self, index: int) -> Iterator[np.ndarray]:
        """See ``VideoReader.frames_near``; here it is exact."""
        return self._read(self.files[index:])

    def estimate_length(self) -> int:
        """See ``VideoReader.estimate_length``; here it is exact."""
        return len(self.files)

    def _pick(self, indices: np.ndarray) -> Iterator[np.ndarray]:
        return self._read([self.files[index] for index in indices if index < len(self.files)])

    def _read(self, files: Sequence[Path]) -> Iterator[np.ndarray]:
        size = None
        for file in files:
            frame = cv2.imread(str(file), cv2.IMREAD_COLOR)
            if frame is None:
                raise VideoError(f"{file}: cannot be decoded as an image")
            if size is not None and frame.shape != size:
                raise VideoError(
                    f"{file}: is {frame.shape[1]}x{frame.shape[0]}, the frames before are {size[1]}x{size[0]}"
                )
            size = frame.shape
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


def _natural_key(name: str) -> list:
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", name)]


def open_video(path: str | Path, reader: dict | None = None) -> VideoReader:
    """Open a video: by ``reader``, a config of a registered reader without its path, or by what the path is.

    Without ``reader`` a folder is read by ``FrameFolderReader``, anything else by ``OpenCVReader``.
    """
    if reader is None:
        reader = {"type": "FrameFolderReader" if Path(path).is_dir() else "OpenCVReader"}
    return VIDEO_READERS.build({**reader, "path": path})


# How many frames before the wanted one a seek aims at: the next one is tried where the one before gave wrong frames.
LEADS = (0, 16, 64, 256, 1024)


class ExactSeek:
    """Frames of a video from any index on, each compared with what a pass from the start gave there.

    OpenCV's seeks go by time stamps. Where these are irregular they end some frames off, and where frames refer to
    frames before a key frame the first ones are damaged. So a first pass learns the checksum of every frame; after a
    seek the first frame's checksum says where the seek ended, and every frame that is handed out has the checksum of
    its index. What fails is tried again with a seek that aims earlier, at last by decoding from the start.

    Args:
        video: what is read.
    """

    def __init__(self, video: VideoReader) -> None:
        self.video = video
        self._checksums = array("I")
        self._first_lead = 0  # the index in LEADS that was right last
        self._warned = False

    def first_pass(self) -> Iterator[np.ndarray]:
        """Every frame from the start; other frames can be had once it has come to its end."""
        self._checksums = array("I")
        for frame in self.video:
            self._checksums.append(_checksum(frame))
            yield frame

    def frames_from(self, start: int) -> Iterator[np.ndarray]:
        """The frames ``start``, ``start + 1``, … to the last one of the first pass.

        Raises:
            VideoError: if the video is another one than in the first pass.
        """
        position, end = start, len(self._checksums)
        for lead in range(self._first_lead, len(LEADS)):
            if position <= LEADS[lead]:
                break
            for frame in self._after_seek(position, LEADS[lead]):
                if _checksum(frame) != self._checksums[position]:
                    break
                self._first_lead = lead
                yield frame
                position += 1
                if position == end:
                    return
        else:
            self._warn(position)
        for frame in islice(self.video, position, end):
            if _checksum(frame) != self._checksums[position]:
                break
            yield frame
            position += 1
        if position < end:
            raise VideoError(f"{self.video.path}: frame {position} changed while the video was read")

    def _after_seek(self, position: int, lead: int) -> Iterator[np.ndarray]:
        """Frames from ``position`` on, if the seek ended where its first frame seems to be; none if it ended behind."""
        aim = position - lead
        frames = self.video.frames_near(aim)
        first = next(frames, None)
        if first is None:
            return
        candidates = np.flatnonzero(np.asarray(self._checksums[: position + 1]) == _checksum(first))
        if len(candidates) == 0:
            return
        landed = int(candidates[np.abs(candidates - aim).argmin()])  # still pictures repeat
        if position - landed > LEADS[-1]:
            self._warn(position)
        if landed == position:
            yield first
        del first  # not to be held while the others stream
        yield from islice(frames, max(0, position - landed - 1), None)

    def _warn(self, position: int) -> None:
        if not self._warned:
            print_log(
                f"{self.video.path}: cannot be read from frame {position} on, but from far before it only, which is "
                "slow; a copy with an index of its key frames and regular time stamps is faster",
                logger="current",
                level=logging.WARNING,
            )
        self._warned = True


def _checksum(frame: np.ndarray) -> int:
    """Of all pixels: a sample of them could miss a damaged block."""
    return zlib.crc32(np.ascontiguousarray(frame))

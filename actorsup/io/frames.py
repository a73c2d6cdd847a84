"""Frames of a video by index, held or decoded on demand."""

import operator
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from actorsup.errors import InputError, VideoError
from actorsup.registry import VIDEO_READERS

from .video_reader import VideoReader

DEFAULT_MEMORY = 256 * 2**20


@dataclass(eq=False)
class _Run:
    """Consecutive frames in memory, and which of them was used last."""

    first: int
    frames: list[np.ndarray] = field(default_factory=list)
    last_used: int = 0

    def __contains__(self, index: int) -> bool:
        return self.first <= index < self.first + len(self.frames)


class VideoFrames(Sequence[np.ndarray]):
    """The frames ``(H, W, 3)`` of a video, uint8, RGB, decoded on demand.

    Made for passes forward and backward, one after the other or two at once: two runs of consecutive frames are held,
    each of half of the memory. A pass backward decodes a whole run that ends where it is, and so every frame once. A
    video that fits into the memory is decoded once and kept.

    The number of frames is counted, by the first pass. ``len``, ``shape``, and frames behind the pass that are no
    longer held, bring it to its end.

    Args:
        video: what is read; a ``VideoError`` may come whenever a frame is decoded.
        memory: bytes of frames to hold at most; two frames are held in any case.
    """

    def __init__(self, video: VideoReader, memory: int = DEFAULT_MEMORY) -> None:
        self._video = video
        self._memory = memory
        self._start_over()

    def _start_over(self) -> None:
        self._length: int | None = None  # unknown until the first pass has ended
        self._runs: list[_Run] = []  # the one used last at the end
        self._stream = iter(self._video)
        self._next = 0  # index of the frame that the stream gives next
        self._growing: _Run | None = None  # what the stream's frames are appended to
        self._run_length = 1  # frames that a run holds at most; known from the first frame on

    def __len__(self) -> int:
        """Frames that can be decoded."""
        while self._length is None:
            self._decode_next()
        return self._length

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """``(T, H, W, 3)``."""
        return (len(self), *self[0].shape)

    def __getitem__(self, index: int) -> np.ndarray:
        """A frame, not to be written to: it is handed out again."""
        if isinstance(index, slice):
            raise TypeError("the frames of a video are taken one by one, a slice could be larger than the memory")
        index = operator.index(index)
        if index < 0 and (index := index + len(self)) < 0:
            raise IndexError("frame index out of range")
        run = self._held(index) or self._fetch(index)
        self._runs.remove(run)
        self._runs.append(run)  # the order of use decides which run is given up
        run.last_used = index
        return run.frames[index - run.first]

    def _held(self, index: int) -> _Run | None:
        return next((run for run in self._runs if index in run), None)

    def _fetch(self, index: int) -> _Run:
        """Decode a frame that is not held, and its neighbours in the direction of the pass, that of the nearest use."""
        while (run := self._held(index)) is None and self._length is None:
            self._decode_next()
        if run is not None:
            return run
        if index >= self._length:
            raise IndexError("frame index out of range")
        nearest = min((run.last_used for run in self._runs), key=lambda used: abs(used - index))
        if nearest - self._run_length <= index < nearest:
            return self._fetch_backward(index)
        if not self._next <= index < self._next + self._run_length:
            self._stream, self._next = self._video.frames_from(index), index
        while self._next <= index:
            self._decode_next()
        return self._growing

    def _fetch_backward(self, last: int) -> _Run:
        """Decode the run of frames that ends with one."""
        first = max(0, last + 1 - self._run_length)
        run = self._begin_run(first)
        run.frames.extend(islice(self._video.frames_from(first), last + 1 - first))
        if len(run.frames) < last + 1 - first:
            self._runs.remove(run)
            raise self._changed(first + len(run.frames))
        return run

    def _changed(self, index: int) -> VideoError:
        return VideoError(f"{self._video.path}: frame {index} is not there any more; was the video replaced?")

    def _decode_next(self) -> None:
        """Append the stream's next frame to the growing run; at the end of the first pass note the length."""
        try:
            frame = next(self._stream, None)
        except BaseException:
            self._start_over()
            raise
        if frame is None:
            if self._length is not None:
                raise self._changed(self._next)
            self._length = self._next
            return
        self._run_length = max(1, self._memory // (2 * frame.nbytes))
        run = self._growing
        if run is None or run.first + len(run.frames) != self._next or len(run.frames) >= self._run_length:
            run = self._growing = self._begin_run(self._next)
        run.frames.append(frame)
        run.last_used = self._next
        self._next += 1

    def _begin_run(self, first: int) -> _Run:
        """An empty run beside the one used last; the other is given up first, to keep within the memory."""
        del self._runs[:-1]
        if self._growing not in self._runs:
            self._growing = None
        run = _Run(first, last_used=first)
        self._runs.append(run)
        return run


class StreamedFrames:
    """Frames of a stream by index since its start, taken when asked for; past its end is an ``IndexError``.

    Args:
        frames: any number of frames ``(H, W, 3)`` uint8, RGB, of one size; another is an ``InputError`` when taken.
        name: what the stream is called in messages.
    """

    def __init__(self, frames: Iterable[np.ndarray], name: str) -> None:
        self._stream: Iterator[np.ndarray] = iter(frames)
        self._name = name
        self._first = 0  # index of the oldest frame that is held
        self._held: deque[np.ndarray] = deque()
        self._shape: tuple[int, ...] | None = None

    def __getitem__(self, index: int) -> np.ndarray:
        if index < self._first:
            raise ValueError(f"frame {index} of {self._name} was forgotten; the oldest one left is {self._first}")
        while index >= self._first + len(self._held):
            self._take(self._first + len(self._held))
        return self._held[index - self._first]

    def _take(self, index: int) -> None:
        try:
            frame = next(self._stream)
        except StopIteration:
            raise IndexError("frame index out of range") from None
        if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
            got = f"{frame.dtype} of shape {frame.shape}" if isinstance(frame, np.ndarray) else type(frame).__name__
            raise InputError(f"{self._name}: frame {index} must be a uint8 RGB array (height, width, 3), got {got}")
        if self._shape is not None and frame.shape != self._shape:
            raise InputError(
                f"{self._name}: frame {index} is {frame.shape[1]}x{frame.shape[0]}, the frames before are "
                f"{self._shape[1]}x{self._shape[0]}; frames of one video have one size"
            )
        self._shape = frame.shape
        self._held.append(frame)

    def forget(self, before: int) -> None:
        """Give up the frames before an index."""
        while self._held and self._first < before:
            self._held.popleft()
            self._first += 1


@VIDEO_READERS.register_module()
class HeldFramesReader(VideoReader):
    """``T`` frames ``(H, W, 3)`` in memory, uint8, RGB, of one size, read as a video.

    ``path`` is what they are called in messages; there need not be such a file.
    """

    def __init__(self, path: str | Path, frames: Sequence[np.ndarray]) -> None:
        self.path = Path(path)  # the constructor of the base class looks for a file
        self.frames = frames

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.frames)

    def estimate_length(self) -> int:
        """See ``VideoReader.estimate_length``; here it is exact."""
        return len(self.frames)

    def _pick(self, indices: np.ndarray) -> Iterator[np.ndarray]:
        return (self.frames[index] for index in indices.tolist() if index < len(self.frames))

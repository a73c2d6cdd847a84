"""The frames of a camera as a sequence that forgets."""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from actorsup.errors import InputError


class StreamedFrames:
    """Frames that come one after the other, by their index since the start; what is forgotten is given up.

    A frame is taken from the stream when it is asked for. ``IndexError`` says that the stream has ended before it.

    Args:
        frames: any number of frames ``(H, W, 3)`` uint8, RGB, of one size.
        name: what the stream is called in messages.

    Raises:
        InputError: while reading, if a frame is none, or of another size than the first.
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
            self._take()
        return self._held[index - self._first]

    def _take(self) -> None:
        try:
            frame = next(self._stream)
        except StopIteration:
            raise IndexError("frame index out of range") from None
        index = self._first + len(self._held)
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

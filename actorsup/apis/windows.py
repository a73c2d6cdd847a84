"""Long and endless videos in windows that overlap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice

import numpy as np

from actorsup.io import StreamedFrames, VideoFrames
from actorsup.structures import Detections


class FrameSpan(Sequence[np.ndarray]):
    """Consecutive frames of a video, counted from 0, without a copy of them.

    Args:
        frames: of the whole video.
        start: index of the first one.
        num_frames: how many.
    """

    def __init__(self, frames: VideoFrames | StreamedFrames, start: int, num_frames: int) -> None:
        self._frames = frames
        self._start = start
        self._num_frames = num_frames

    def __len__(self) -> int:
        return self._num_frames

    def __getitem__(self, index: int) -> np.ndarray:
        return self._frames[self._start + range(self._num_frames)[index]]


@dataclass(frozen=True, eq=False)
class Window:
    """A stretch of a video that is linked and classified at once.

    Args:
        start: index of its first frame in the video.
        frames: its frames.
        detections: of each of them.
        finished: frames of the video before this one are in no later window; for the last window the video's end.
        is_last: whether the video ends with it.
    """

    start: int
    frames: FrameSpan
    detections: Sequence[Detections]
    finished: int
    is_last: bool


def windows(frames: VideoFrames | StreamedFrames, detector, length: int, overlap: int) -> Iterator[Window]:
    """The windows of a video, each as soon as its frames are there; none of a video without frames.

    With ``length = 6, overlap = 2``, a video of 13 frames::

        frame      0 1 2 3 4 5 6 7 8 9 …
        window 0   x x x x x x
        window 1           x x x x x x
        window 2                   x x x x x

    Every frame is detected once. At most a window's frames and those that the detector reads ahead are needed at a
    time; a stream forgets the others.

    Args:
        frames: of the video, or the camera.
        detector: ``detect(frames)`` gives the detections of each frame, in order.
        length: frames of a window.
        overlap: frames that neighbours share, fewer than ``length``.
    """
    found = iter(detector.detect(_all_frames(frames)))
    detections: list[Detections] = []
    start = 0
    following = next(found, None)
    while following is not None:
        detections += [following, *islice(found, length - len(detections) - 1)]
        following = next(found, None)
        is_last = following is None
        end = start + len(detections)
        finished = end if is_last else end - overlap
        yield Window(start, FrameSpan(frames, start, len(detections)), tuple(detections), finished, is_last)
        detections = detections[len(detections) - overlap :]
        start = end - overlap
        if isinstance(frames, StreamedFrames):
            frames.forget(start)


def _all_frames(frames: VideoFrames | StreamedFrames) -> Iterator[np.ndarray]:
    for index in count():
        try:
            frame = frames[index]
        except IndexError:
            return
        yield frame
        del frame  # not to be held while the next one is waited for

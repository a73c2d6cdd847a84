from itertools import count

import numpy as np
import pytest

from actorsup.apis.long_videos import windows
from actorsup.io import StreamedFrames
from actorsup.structures import Detections


class NumberedDetector:
    """Sees in each frame a box as wide as the frame's grey level; reads a batch ahead, as detectors do."""

    def __init__(self, batch_size=1):
        self.batch_size = batch_size
        self.num_read = 0

    def detect(self, frames):
        batch = []
        for frame in frames:
            self.num_read += 1
            batch.append(Detections([[0, 0, frame[0, 0, 0] + 1, 1]], [1], [0]))
            if len(batch) == self.batch_size:
                yield from batch
                batch = []
        yield from batch


def numbered(num_frames) -> StreamedFrames:
    numbers = count() if num_frames is None else range(num_frames)
    return StreamedFrames((np.full((2, 2, 3), number % 256, np.uint8) for number in numbers), "numbers")


def spans(num_frames, length, overlap, batch_size=1):
    """First frame, end, and end of what is finished, of each window."""
    result = []
    frames = numbered(num_frames)
    for window in windows(frames, NumberedDetector(batch_size).detect(frames), length, overlap):
        levels = [int(frame[0, 0, 0]) for frame in window.frames]
        assert levels == list(range(window.start, window.start + len(window.frames)))
        assert [int(found.boxes[0, 2]) - 1 for found in window.detections] == levels
        result.append((window.start, window.start + len(window.frames), window.finished))
    return result


@pytest.mark.parametrize("batch_size", [1, 4])
def test_windows_overlap_as_they_are_drawn(batch_size):
    assert spans(13, 6, 2, batch_size) == [(0, 6, 4), (4, 10, 8), (8, 13, 13)]


def test_a_video_that_fits_is_one_window():
    assert spans(6, 6, 2) == [(0, 6, 6)]
    assert spans(1, 6, 2) == [(0, 1, 1)]
    assert spans(7, 6, 2) == [(0, 6, 4), (4, 7, 7)]


def test_a_video_without_frames_has_no_window():
    assert spans(0, 6, 2) == []


def test_every_frame_is_detected_once():
    detector = NumberedDetector()
    frames = numbered(30)
    assert len(list(windows(frames, detector.detect(frames), 8, 4))) == 7
    assert detector.num_read == 30


def test_a_window_comes_as_soon_as_one_frame_follows_it():
    detector = NumberedDetector()
    frames = numbered(None)
    next(windows(frames, detector.detect(frames), 8, 4))
    assert detector.num_read == 9

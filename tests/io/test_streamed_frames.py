import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.io import HeldFramesReader, StreamedFrames, open_video
from tests.conftest import moving_square


def test_frames_are_taken_when_they_are_asked_for():
    taken = []

    def camera():
        for frame in moving_square(6):
            taken.append(frame)
            yield frame

    frames = StreamedFrames(camera(), "camera")
    np.testing.assert_array_equal(frames[2], moving_square(6)[2])
    assert len(taken) == 3
    assert frames[0] is taken[0]
    with pytest.raises(IndexError):
        frames[6]


def test_what_is_forgotten_is_gone_and_the_rest_keeps_its_index():
    frames = StreamedFrames(moving_square(6), "camera")
    expected = frames[4]
    frames.forget(4)
    assert frames[4] is expected
    np.testing.assert_array_equal(frames[5], moving_square(6)[5])
    with pytest.raises(ValueError, match="frame 3 of camera was forgotten; the oldest one left is 4"):
        frames[3]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (np.zeros((4, 4, 3)), "frame 1 must be a uint8 RGB array .*got float64 of shape"),
        (np.zeros((4, 4), np.uint8), r"frame 1 must be .*of shape \(4, 4\)"),
        ("frame", "frame 1 must be .*got str"),
        (np.zeros((4, 5, 3), np.uint8), "frame 1 is 5x4, the frames before are 4x4"),
    ],
)
def test_what_is_no_frame_is_refused_with_its_index(second, message):
    frames = StreamedFrames([np.zeros((4, 4, 3), np.uint8), second], "camera")
    with pytest.raises(InputError, match=f"camera: {message}"):
        frames[1]


def test_held_frames_read_like_a_video():
    frames = moving_square(5)
    reader = open_video("no file", {"type": "HeldFramesReader", "frames": list(frames)})
    assert isinstance(reader, HeldFramesReader)
    np.testing.assert_array_equal(reader.read_all(), frames)
    np.testing.assert_array_equal(reader.frames_at([1, 1, 4]), frames[[1, 1, 4]])
    assert (reader.estimate_length(), reader.frames_per_second()) == (5, None)
    with pytest.raises(InputError, match="no file: the video ends before frame 5"):
        reader.frames_at([4, 5])

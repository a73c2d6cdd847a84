import numpy as np
import pytest

from actorsup.errors import VideoError
from actorsup.trackers.training_data import LazyFrames, TrackingSequence
from tests.conftest import moving_square, write_video

NAN = np.full(4, np.nan)
BOX = np.array([1.0, 2, 5, 8])


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "video.avi", moving_square(10))


def test_frames_are_those_of_the_video_from_the_start_frame_on(video):
    every = list(LazyFrames(video, 0, 10))
    some = LazyFrames(video, 3, 4)
    assert len(some) == 4
    np.testing.assert_array_equal(np.stack(list(some)), np.stack(every[3:7]))
    for index in (0, 3, -1):
        np.testing.assert_array_equal(some[index], every[3:7][index])
    assert some[0].dtype == np.uint8
    assert some[0][..., 0].max() > 150 > some[0][..., 2].max()  # the square is red, and first is red


def test_frames_outside_are_no_frames(video):
    with pytest.raises(IndexError):
        LazyFrames(video, 3, 4)[4]
    with pytest.raises(ValueError, match="one frame or more"):
        LazyFrames(video, 0, 0)
    with pytest.raises(ValueError, match="start >= 0"):
        LazyFrames(video, -1, 2)


def test_a_video_that_is_too_short_is_named(video):
    frames = LazyFrames(video, 8, 4)
    with pytest.raises(VideoError, match=r"video\.avi: the video ends before frame 10"):
        list(frames)
    with pytest.raises(VideoError, match=r"video\.avi: the video ends before frame 11"):
        frames[3]


def test_a_sequence_keeps_boxes_and_knows_what_is_annotated():
    given = np.stack([NAN, BOX, BOX + 1])
    sequence = TrackingSequence("cat", [None] * 3, given)
    given[1] = 0
    assert len(sequence) == 3
    assert sequence.annotated.tolist() == [False, True, True]
    np.testing.assert_array_equal(sequence.boxes[1], BOX)
    assert sequence.boxes.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        sequence.boxes[1] = 0


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([BOX], r"cat: 2 frames need boxes \(2, 4\), got \(1, 4\)"),
        ([BOX[:3], BOX[:3]], r"got \(2, 3\)"),
        ([BOX, [1, np.nan, 5, 8]], "cat, frame 1: box"),
        ([BOX, [1, 2, np.inf, 8]], "frame 1"),
        ([[1, 2, 1, 8], BOX], "frame 0"),
        ([[5, 2, 1, 8], BOX], "frame 0"),
        ([NAN, NAN], "none of its 2 frames is annotated"),
    ],
)
def test_broken_boxes_are_refused_with_name_and_frame(boxes, message):
    with pytest.raises(ValueError, match=message):
        TrackingSequence("cat", [None] * 2, np.array(boxes))

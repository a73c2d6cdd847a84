"""Frames in any order, from few frames in memory, are the frames of one pass from the start."""

import weakref
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from actorsup.errors import VideoError
from actorsup.io import VideoFrames, VideoReader, open_video
from tests.conftest import moving_square

FRAME_BYTES = 6 * 8 * 3


class DrawnVideo(VideoReader):
    """Frames drawn on the spot, each another one; it counts them, and knows which are alive."""

    def __init__(self, num_frames=60):
        super().__init__(Path(__file__))
        self.num_frames = num_frames
        self.num_decoded = 0
        self.decoded = []

    def draw(self, index):
        rng = np.random.default_rng(index)
        return rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)

    def _decode(self, start):
        for index in range(start, self.num_frames):
            frame = self.draw(index)
            self.num_decoded += 1
            self.decoded.append(weakref.ref(frame))
            yield frame

    def __iter__(self):
        return self._decode(0)

    def frames_from(self, start):
        return self._decode(start)

    def num_alive(self):
        return sum(reference() is not None for reference in self.decoded)


class UnseekableVideo(DrawnVideo):
    """A user's reader that can only be read from its start."""

    frames_from = VideoReader.frames_from


def orders(num_frames):
    """Every order in which a linker reads frames, by its name."""
    middle = num_frames // 2
    rng = np.random.default_rng(0)
    both = [index for pair in zip(range(middle, num_frames), range(middle - 1, -1, -1), strict=False) for index in pair]
    return {
        "forward": list(range(num_frames)),
        "backward": list(range(num_frames - 1, -1, -1)),
        "every third": [*range(0, num_frames, 3), *range(num_frames - 1, -1, -3)],
        "from the middle": [*range(middle, num_frames), *range(middle, -1, -1)],
        "both ways at once": both,
        "ends and middle": [num_frames - 1, 0, middle, middle + 1, 1, num_frames - 2],
        "any": rng.integers(0, num_frames, 2 * num_frames).tolist(),
    }


def check_all_orders(video, expected, memory):
    frames = VideoFrames(video, memory)
    for name, order in orders(len(expected)).items():
        fresh = VideoFrames(video, memory)  # whose first pass is still to come
        for index in order:
            for sequence in (frames, fresh):
                assert np.array_equal(sequence[index], expected[index]), f"{name}, frame {index}"


@pytest.mark.parametrize("held", [2, 3, 10, 59, 60, 1000])
def test_every_order_gives_the_frames_of_one_pass(held):
    video = DrawnVideo()
    check_all_orders(video, video.read_all(), held * FRAME_BYTES)


def test_a_reader_without_seeking_will_do():
    video = UnseekableVideo()
    check_all_orders(video, video.read_all(), 10 * FRAME_BYTES)


@pytest.mark.parametrize("held", [2, 7, 20])
def test_no_more_frames_are_held_than_the_memory_has_room_for(held):
    video = DrawnVideo()
    frames = VideoFrames(video, held * FRAME_BYTES)
    for order in orders(60).values():
        for index in order:
            frames[index]
            assert video.num_alive() <= held + 1  # and the one that is just being decoded


def test_a_video_that_fits_is_decoded_once():
    video = DrawnVideo()
    frames = VideoFrames(video, 60 * FRAME_BYTES)
    for order in orders(60).values():
        for index in order:
            frames[index]
    assert video.num_decoded == 60


def test_each_pass_decodes_each_frame_once():
    video = DrawnVideo()
    frames = VideoFrames(video, 20 * FRAME_BYTES)
    assert sum(1 for _ in frames) == len(frames) == 60
    assert video.num_decoded == 60
    for name in ("forward", "backward"):
        video.num_decoded = 0
        for index in orders(60)[name]:
            frames[index]
        assert video.num_decoded <= 60 + 1, name


def test_two_passes_at_once_decode_each_frame_once():
    video = DrawnVideo()
    frames = VideoFrames(video, 20 * FRAME_BYTES)
    len(frames)
    video.num_decoded = 0
    for index in orders(60)["both ways at once"]:
        frames[index]
    assert video.num_decoded <= 60 + 2


def test_the_length_is_counted_and_needs_no_second_pass():
    class Boasting(DrawnVideo):
        def estimate_length(self):
            return 1000

    video = Boasting(num_frames=5)
    frames = VideoFrames(video, 2 * FRAME_BYTES)
    assert frames.shape == (5, 6, 8, 3)
    assert len(list(frames)) == len(frames) == 5
    for index in (5, -6):
        with pytest.raises(IndexError):
            frames[index]
    np.testing.assert_array_equal(frames[-1], video.draw(4))


def test_an_index_behind_the_end_is_refused_before_the_length_is_known():
    with pytest.raises(IndexError):
        VideoFrames(DrawnVideo(num_frames=5))[5]


def test_slices_are_refused():
    with pytest.raises(TypeError, match="one by one"):
        VideoFrames(DrawnVideo())[2:4]


def test_a_video_that_breaks_off_is_an_error_every_time():
    class Broken(DrawnVideo):
        def _decode(self, start):
            yield from islice(super()._decode(start), 10)
            raise VideoError("broken")

    frames = VideoFrames(Broken(), 4 * FRAME_BYTES)
    for _ in range(2):
        with pytest.raises(VideoError, match="broken"):
            len(frames)
        with pytest.raises(VideoError, match="broken"):
            list(frames)


def test_a_video_that_gets_shorter_while_it_is_read_is_an_error():
    video = DrawnVideo()
    frames = VideoFrames(video, 10 * FRAME_BYTES)
    len(frames)
    video.num_frames = 20
    for order in (range(59, -1, -1), [0, 19, 30]):
        with pytest.raises(VideoError, match=r"frame \d+ is not there any more"):
            [frames[index] for index in order]


def test_a_folder_of_frames_is_read_in_every_order(tmp_path):
    expected = moving_square(30)
    for index, frame in enumerate(expected):
        cv2.imwrite(str(tmp_path / f"{index}.png"), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    check_all_orders(open_video(tmp_path), expected, 8 * expected[0].nbytes)


@pytest.mark.parametrize(
    "path",
    [
        "thumos13/clips/Basketball/v_Basketball_g01_c02.mp4",  # its header knows no length, its seeks end at frame 0
        "thumos13/clips/BasketballDunk/v_BasketballDunk_g17_c03.avi",
        "samples/test.mp4",
        "ucf_sports/videos/Diving-Side/001/001.avi",
    ],
)
def test_real_clips_are_read_in_every_order(data_root, path):
    video = open_video(data_root / path)
    expected = video.read_all()
    frames = VideoFrames(video, 40 * expected[0].nbytes)
    for name, order in orders(len(expected)).items():
        # Each frame of these orders is another decoding, from the start where seeks end there.
        for index in order[:20] if name in ("any", "ends and middle") else order:
            assert np.array_equal(frames[index], expected[index]), f"{name}, frame {index}"

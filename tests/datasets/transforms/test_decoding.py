import numpy as np
import pytest

from actorsup.datasets.transforms import DecodeFrames
from actorsup.errors import InputError, VideoError
from actorsup.io import Proposals
from tests.conftest import moving_square, write_video


def results(path, size=(96, 64), indices=(0, 3, 3), reader=None) -> dict:
    proposals = Proposals((), 5, size)
    return {"path": str(path), "reader": reader, "proposals": proposals, "frame_indices": np.array(indices)}


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "video.avi", moving_square(5))


@pytest.mark.parametrize("reader", [None, {"type": "PyAVReader"}])
def test_the_sampled_frames_are_decoded_in_their_order_as_rgb(video, reader):
    frames = DecodeFrames()(results(video, reader=reader))["frames"]
    assert frames.shape == (3, 64, 96, 3)
    assert frames.dtype == np.uint8
    np.testing.assert_allclose(frames.mean(axis=(1, 2)), moving_square(5)[[0, 3, 3]].mean(axis=(1, 2)), atol=3)


def test_a_video_of_another_size_than_its_proposals_is_an_error_with_file_and_sizes(video):
    with pytest.raises(InputError, match=r"video\.avi: frames are 96x64, its proposals were made at 340x256"):
        DecodeFrames()(results(video, size=(340, 256)))


def test_a_video_that_ends_too_early_is_an_error_that_names_the_file(video):
    with pytest.raises(VideoError, match=r"video\.avi"):
        DecodeFrames()(results(video, indices=(0, 9)))

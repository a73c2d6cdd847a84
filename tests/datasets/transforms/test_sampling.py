import numpy as np
import pytest
from mmcv.transforms.utils import cache_random_params

from actorsup.datasets.transforms import SampleFrames
from actorsup.errors import InputError
from actorsup.io import Proposals


def sample(transform: SampleFrames, video_length: int) -> np.ndarray:
    return transform({"proposals": Proposals((), video_length, (96, 64))})["frame_indices"]


@pytest.mark.parametrize("mode", ["random", "center"])
@pytest.mark.parametrize("video_length", [1, 2, 7, 15, 16, 17, 31, 182, 1000])
def test_every_frame_is_shown_within_its_segment_in_ascending_order(mode, video_length):
    np.random.seed(0)
    indices = sample(SampleFrames(16, mode), video_length)
    edges = np.arange(17) * video_length / 16
    # Frame t lasts from t to t + 1: it has to share time with the segment.
    assert (indices + 1 > edges[:-1]).all()
    assert (indices < edges[1:]).all()
    assert (np.diff(indices) >= 0).all()
    assert indices.min() >= 0
    assert indices.max() < video_length


def test_the_drawn_example_of_the_docstring():
    np.testing.assert_array_equal(sample(SampleFrames(4, "center"), 10), [1, 3, 6, 8])


def test_the_middle_of_a_video_of_as_many_frames_is_every_frame():
    np.testing.assert_array_equal(sample(SampleFrames(16, "center"), 16), np.arange(16))


@pytest.mark.parametrize("mode", ["random", "center"])
def test_a_video_of_one_frame_gives_it_every_time(mode):
    np.testing.assert_array_equal(sample(SampleFrames(16, mode), 1), np.zeros(16))


def test_a_video_of_fewer_frames_gives_each_about_equally_often():
    np.testing.assert_array_equal(sample(SampleFrames(6, "center"), 3), [0, 0, 1, 1, 2, 2])


@pytest.mark.parametrize("video_length", [5, 24, 16])
def test_every_frame_is_equally_likely_whatever_the_length(video_length):
    np.random.seed(0)
    num_draws = 2000
    transform = SampleFrames(16, "random")
    indices = np.concatenate([sample(transform, video_length) for _ in range(num_draws)])
    counts = np.bincount(indices, minlength=video_length)
    expected = num_draws * 16 / video_length
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_the_last_instant_never_rounds_up_to_the_end(monkeypatch):
    monkeypatch.setattr(np.random, "random", lambda count: np.full(count, np.nextafter(1, 0)))
    assert sample(SampleFrames(16, "random"), 16)[-1] == 15


def test_the_same_seed_gives_the_same_frames_and_another_seed_others():
    def draw(seed: int) -> list[int]:
        np.random.seed(seed)
        return sample(SampleFrames(16, "random"), 300).tolist()

    assert draw(1) == draw(1) != draw(2)


def test_shared_random_parameters_give_the_same_frames_twice():
    transform = SampleFrames(16, "random")
    with cache_random_params(transform):
        np.testing.assert_array_equal(sample(transform, 300), sample(transform, 300))


@pytest.mark.parametrize("options", [{"num_frames": 0}, {"mode": "middle"}])
def test_impossible_settings_are_an_error(options):
    with pytest.raises(InputError, match=r"SampleFrames: .*got"):
        SampleFrames(**options)

"""Frames on their way into the model."""

import pytest
import torch

from actorsup.models import VideoDataPreprocessor

from .cases import small_frames, small_sample


def batch(*frames):
    samples = [small_sample(f"video {index}", num_frames=len(each)) for index, each in enumerate(frames)]
    return {"inputs": list(frames), "data_samples": samples}


def test_values_by_hand():
    frames = torch.tensor([0, 255, 51], dtype=torch.uint8).view(1, 3, 1, 1)
    output = VideoDataPreprocessor()(batch(frames))["inputs"]
    expected = [(0 - 0.485) / 0.229, (1 - 0.456) / 0.224, (0.2 - 0.406) / 0.225]
    assert output.flatten().tolist() == pytest.approx(expected, rel=1e-6)


def test_smaller_videos_are_padded_with_zeros_at_the_right_and_the_bottom():
    wide, high = small_frames(size=(64, 48)), small_frames(size=(32, 56), seed=1)
    preprocess = VideoDataPreprocessor()
    output = preprocess(batch(wide, high))["inputs"]
    assert output.shape == (2, 2, 3, 56, 64)
    assert torch.equal(output[0, :, :, :48], preprocess(batch(wide))["inputs"][0])
    assert torch.equal(output[1, :, :, :, :32], preprocess(batch(high))["inputs"][0])
    assert not output[0, :, :, 48:].any()
    assert not output[1, :, :, :, 32:].any()


def test_the_samples_and_the_data_stay_as_they_are():
    data = batch(small_frames())
    original = data["inputs"][0].clone()
    output = VideoDataPreprocessor()(data)
    assert output["data_samples"] == data["data_samples"]
    assert torch.equal(data["inputs"][0], original)


def test_different_numbers_of_frames_name_the_videos():
    with pytest.raises(ValueError, match="same number of frames, got video 0: 2, video 1: 3"):
        VideoDataPreprocessor()(batch(small_frames(2), small_frames(3)))


@pytest.mark.parametrize("frames", [torch.zeros(2, 3, 8, 8), torch.zeros(2, 8, 8, 3, dtype=torch.uint8)])
def test_frames_of_another_kind_name_the_video(frames):
    with pytest.raises(ValueError, match="video 0: frames must be uint8"):
        VideoDataPreprocessor()(batch(frames))


def test_one_sample_a_video():
    data = batch(small_frames())
    with pytest.raises(ValueError, match="1 videos, 0 samples"):
        VideoDataPreprocessor()({**data, "data_samples": []})


def test_mean_and_deviation_are_of_three_channels():
    with pytest.raises(ValueError, match="3 means"):
        VideoDataPreprocessor(mean=[0.5], std=[0.5])

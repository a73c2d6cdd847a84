import numpy as np
import pytest
import torch

from actorsup.datasets.transforms import AttachTubes, FlipFrames, PackVideo
from actorsup.io import Proposals

from ..conftest import make_tube


@pytest.fixture
def results(rng) -> dict:
    return {
        "video": "Biking/v_1",
        "labels": (2,),
        "frames": rng.integers(0, 256, (4, 6, 8, 3), np.uint8),
        "frame_indices": np.array([0, 3, 6, 9]),
        "proposals": Proposals((make_tube(0, 10), make_tube(2, 3)), 10, (8, 6)),
        "ground_truth": (make_tube(1, 4),),
    }


def test_the_channels_come_before_rows_and_columns(results):
    inputs = PackVideo()(AttachTubes()(results))["inputs"]
    assert (inputs.shape, inputs.dtype) == ((4, 3, 6, 8), torch.uint8)
    np.testing.assert_array_equal(inputs[1, 2].numpy(), results["frames"][1, :, :, 2])


def test_the_sample_holds_the_tubes_with_their_proposals_and_the_true_tubes(results):
    attached = AttachTubes()(results)
    sample = PackVideo()(attached)["data_samples"]
    assert (sample.video, sample.labels) == ("Biking/v_1", (2,))
    assert sample.proposals == results["proposals"].tubes
    assert sample.ground_truth == results["ground_truth"]
    np.testing.assert_array_equal(sample.tubes.numpy(), attached["tubes"])
    np.testing.assert_array_equal(sample.frame_mask.numpy(), [[True] * 4, [False, True, False, False]])


def test_labels_of_tubes_are_packed_where_there_are_some(results):
    assert PackVideo()(AttachTubes()(results))["data_samples"].tube_labels is None
    labels = np.array([2, -1])
    sample = PackVideo()({**AttachTubes()(results), "tube_labels": labels})["data_samples"]
    assert sample.tube_labels.tolist() == [2, -1]


def test_flipped_frames_are_packed_and_the_decoded_ones_stay_as_they_are(results):
    before = results["frames"].copy()
    inputs = PackVideo()(FlipFrames(1)(AttachTubes()(results)))["inputs"]
    np.testing.assert_array_equal(inputs.numpy()[..., ::-1], before.transpose(0, 3, 1, 2))
    inputs.zero_()
    np.testing.assert_array_equal(results["frames"], before)


def test_a_video_without_tubes_is_packed(results):
    results["proposals"] = Proposals((), 10, (8, 6))
    sample = PackVideo()(AttachTubes()(results))["data_samples"]
    assert sample.tubes.shape == (0, 4, 4)

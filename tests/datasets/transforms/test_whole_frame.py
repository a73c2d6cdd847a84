import numpy as np
import pytest

from actorsup.datasets.transforms import AttachWholeFrame, FlipFrames, PackVideo, ResizeFrames
from actorsup.io import Proposals

from ..conftest import make_tube


@pytest.fixture(params=[0, 3], ids=["no proposal", "three"])
def results(request, rng) -> dict:
    tubes = tuple(make_tube(rank, 5) for rank in range(request.param))
    return {
        "video": "clip",
        "labels": (2,),
        "frames": rng.integers(0, 256, (4, 64, 96, 3), np.uint8),
        "frame_indices": np.array([0, 3, 3, 9]),
        "proposals": Proposals(tubes, 10, (96, 64)),
        "ground_truth": (),
    }


def test_the_only_tube_is_the_whole_frame_throughout_the_video(results):
    attached = AttachWholeFrame()(results)
    (tube,) = attached["proposals"].tubes
    assert (tube.start, tube.end) == (0, 10)
    np.testing.assert_array_equal(tube.boxes, [[0, 0, 96, 64]] * 10)
    np.testing.assert_array_equal(attached["tubes"], [[[0, 0, 96, 64]] * 4])
    assert attached["frame_mask"].tolist() == [[True] * 4]


def test_it_stays_the_whole_frame_when_frames_are_scaled_and_mirrored(results):
    sample = PackVideo()(FlipFrames(1)(ResizeFrames((48, 48))(AttachWholeFrame()(results))))["data_samples"]
    np.testing.assert_array_equal(sample.tubes, [[[0, 0, 48, 48]] * 4])
    assert sample.tube_labels is None


def test_the_proposals_given_stay_as_they_are(results):
    tubes = results["proposals"].tubes
    AttachWholeFrame()(results)["tubes"][:] = 0
    assert results["proposals"].tubes is tubes

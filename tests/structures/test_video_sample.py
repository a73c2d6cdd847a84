import numpy as np
import pytest
import torch

from actorsup.structures import RankedTubes, Tube, VideoSample

TUBE = Tube(0, [[0, 0, 1, 1]], [1], 1, 0)


def test_ranked_tubes_each_come_from_a_proposal():
    with pytest.raises(ValueError, match="2 tubes come from as many proposals, got 1"):
        RankedTubes((TUBE, TUBE), np.zeros((2, 3)), np.zeros(1, int))


def test_tubes_that_are_no_detection_of_any_class_can_be_left_out():
    scores = np.array([[-np.inf, 0.1], [-np.inf, -np.inf], [0.2, 0.3]])
    kept = RankedTubes((TUBE,) * 3, scores, np.array([4, 5, 6])).without_undetected()
    assert len(kept.tubes) == 2
    assert kept.scores.tolist() == [[-np.inf, 0.1], [0.2, 0.3]]
    assert kept.proposals.tolist() == [4, 6]


@pytest.mark.parametrize("shape", [(1, 2, 3, 5), (2, 2, 3, 5, 5), (1, 3, 3, 5, 5)])
def test_stored_features_are_of_every_tube_and_frame(shape):
    def sample(features):
        tubes, mask = torch.zeros(1, 2, 4), torch.ones(1, 2, dtype=bool)
        return VideoSample("jump/01", np.arange(2), tubes, mask, proposals=(TUBE,), frame_features=features)

    assert sample(torch.zeros(1, 2, 3, 5, 5)).frame_features is not None
    with pytest.raises(
        ValueError, match=r"jump/01: 1 proposals and 2 frames need frame_features of shape \(1, 2, C, Y"
    ):
        sample(torch.zeros(shape))

import numpy as np
import pytest

from actorsup.structures import RankedTubes, Tube

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

import numpy as np
import pytest

from actorsup.structures import Tube, pairwise_tube_iou
from tests.evaluation.definitions import slow_iou
from tests.evaluation.scenes import random_tube, still_tube


def test_the_overlap_is_that_of_the_definition_frame_by_frame(rng):
    tubes, truths = [random_tube(rng) for _ in range(12)], [random_tube(rng) for _ in range(5)]
    expected = [[slow_iou(tube, truth) for truth in truths] for tube in tubes]
    np.testing.assert_allclose(pairwise_tube_iou(tubes, truths), expected, rtol=0, atol=1e-9)


def test_space_and_time_multiply():
    # Frames 0..9 and 5..14: 5 common, 15 in the union. Half of the box: IoU 1/2.
    first, second = still_tube([0, 0, 20, 20], 0, 10), still_tube([0, 0, 20, 10], 5, 10)
    assert pairwise_tube_iou([first], [second])[0, 0] == pytest.approx(1 / 6)


def test_tubes_that_share_no_frame_do_not_overlap():
    assert pairwise_tube_iou([still_tube([0, 0, 9, 9], 0, 3)], [still_tube([0, 0, 9, 9], 5, 3)]) == 0


def test_a_true_tube_counts_in_its_annotated_frames_alone():
    boxes = np.float32([[0, 0, 10, 10], [90, 90, 99, 99], [0, 0, 10, 10]])  # the one between is a guess
    truth = Tube(4, boxes, np.ones(3), 1.0, 0, annotated=[True, False, True])
    whole, half = still_tube([0, 0, 10, 10], 0, 20), still_tube([0, 0, 10, 5], 5, 15)
    np.testing.assert_allclose(pairwise_tube_iou([whole, half], [truth]), [[1], [0.25]])


@pytest.mark.parametrize(("num_tubes", "num_truths"), [(0, 2), (3, 0), (0, 0)])
def test_no_tubes_give_an_empty_matrix(num_tubes, num_truths):
    tube = still_tube([0, 0, 5, 5])
    assert pairwise_tube_iou([tube] * num_tubes, [tube] * num_truths).shape == (num_tubes, num_truths)

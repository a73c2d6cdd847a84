from dataclasses import replace

import numpy as np
import pytest

from actorsup.datasets.transforms import AddTrueTubes, AttachTubes, LabelTubes
from actorsup.errors import InputError
from actorsup.io import Proposals

from ..conftest import make_tube


def true_tube(label: int, start: int = 0, length: int = 10, box=(10, 20, 30, 60)):
    return replace(make_tube(start, length, box), label=label)


def label(tubes, truths, **options) -> dict:
    proposals = Proposals(tuple(tubes), 100, (96, 64))
    return LabelTubes(**options)({"video": "clip", "proposals": proposals, "ground_truth": tuple(truths)})


def test_each_proposal_gets_the_action_of_the_true_tube_that_it_overlaps_most():
    truths = [true_tube(3, box=(12, 20, 32, 60)), true_tube(1, box=(11, 20, 31, 60)), true_tube(2, 50)]
    labels = label([make_tube(0, 10), make_tube(49, 12), make_tube(0, 10, (60, 0, 80, 20))], truths)["tube_labels"]
    assert labels.tolist() == [1, 2, -1]
    assert labels.dtype == np.int64


def test_an_overlap_of_just_enough_counts_and_less_is_background():
    # 10 of 20 frames of one place: exactly a half.
    tubes = [make_tube(0, 20), make_tube(0, 21)]
    assert label(tubes, [true_tube(4)])["tube_labels"].tolist() == [4, -1]
    assert label(tubes, [true_tube(4)], min_overlap=0.51)["tube_labels"].tolist() == [-1, -1]


def test_of_equal_overlaps_the_first_true_tube_counts():
    assert label([make_tube(0, 10)], [true_tube(5), true_tube(0)])["tube_labels"].tolist() == [5]


def test_a_video_without_proposals_has_no_labels():
    labels = label([], [true_tube(5)])["tube_labels"]
    assert (labels.shape, labels.dtype) == ((0,), np.int64)


def test_a_video_without_true_tubes_is_an_error_that_names_it_and_the_remedy():
    with pytest.raises(InputError, match=r"clip: LabelTubes finds no true tube; .*true_tubes=True"):
        label([make_tube(0, 10)], [])


def test_true_tubes_come_before_the_proposals_and_push_the_last_ones_out():
    truths = (true_tube(3), true_tube(3, 4, box=(50, 10, 70, 50)))
    proposals = Proposals((make_tube(0, 20), make_tube(0, 30)), 100, (96, 64))
    results = {"video": "clip", "proposals": proposals, "ground_truth": truths, "frame_indices": np.arange(0, 20, 4)}
    found = AttachTubes(max_tubes=3)(AddTrueTubes()(results))
    assert [len(tube) for tube in found["proposals"].tubes] == [10, 10, 20]
    assert [tube.label for tube in found["proposals"].tubes] == [0, 0, 0]
    np.testing.assert_array_equal(found["tubes"][1, 1], truths[1].boxes[0])
    assert found["frame_mask"][1].tolist() == [False, True, True, True, False]
    assert found["ground_truth"] == truths
    with pytest.raises(InputError, match="clip: AddTrueTubes finds no true tube"):
        AddTrueTubes()({**results, "ground_truth": ()})


@pytest.mark.parametrize("min_overlap", [0, 1.1])
def test_an_overlap_that_means_nothing_is_refused(min_overlap):
    with pytest.raises(InputError, match=f"min_overlap must be above 0 and at most 1, got {min_overlap}"):
        LabelTubes(min_overlap)

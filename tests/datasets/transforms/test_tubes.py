import numpy as np
import pytest

from actorsup.datasets.transforms import AttachTubes, DropWeakTubes, MergeDuplicates
from actorsup.errors import InputError
from actorsup.io import Proposals

from ..conftest import make_tube


def attach(tubes, frame_indices, max_tubes: int = 20) -> dict:
    proposals = Proposals(tuple(tubes), 100, (96, 64))
    return AttachTubes(max_tubes)({"proposals": proposals, "frame_indices": np.array(frame_indices)})


def test_a_tube_covers_its_start_and_not_its_end():
    tube = make_tube(start=10, length=5)
    frame_mask = attach([tube], [9, 10, 14, 15])["frame_mask"]
    assert tube.end == 15
    np.testing.assert_array_equal(frame_mask, [[False, True, True, False]])


def test_boxes_are_those_of_the_sampled_frames():
    tubes = attach([make_tube(10, 5, box=(10, 20, 30, 60))], [10, 12, 12, 14])["tubes"]
    np.testing.assert_array_equal(tubes, [[[10 + t, 20, 30 + t, 60] for t in (0, 2, 2, 4)]])
    assert tubes.dtype == np.float32


@pytest.mark.parametrize(
    ("start", "nearest", "left"),
    [(50, 1, 12), (30, 0, 10), (0, 0, 12), (90, 2, 10), (39, 0, 10)],
    ids=["before a sample", "after a sample", "before all", "after all", "first of two as near"],
)
def test_a_tube_between_samples_counts_at_the_nearest_with_its_nearest_box(start, nearest, left):
    results = attach([make_tube(start, 3, box=(10, 20, 30, 60))], [20, 60, 80])
    np.testing.assert_array_equal(results["frame_mask"][0], np.arange(3) == nearest)
    assert results["tubes"][0, nearest, 0] == left


def test_only_the_first_tubes_by_rank_are_kept_in_all_places():
    tubes = [make_tube(0, 100, score=score) for score in (0.1, 0.9, 0.5)]
    results = attach(tubes, [0, 50], max_tubes=2)
    assert results["proposals"].tubes == tuple(tubes[:2])
    assert len(results["tubes"]) == len(results["frame_mask"]) == 2


def test_a_video_without_tubes_gives_empty_arrays():
    results = attach([], [0, 50])
    assert (results["tubes"].shape, results["frame_mask"].shape) == ((0, 2, 4), (0, 2))


def test_the_proposals_given_stay_as_they_are():
    proposals = Proposals((make_tube(0, 5), make_tube(0, 5)), 5, (96, 64))
    AttachTubes(1)({"proposals": proposals, "frame_indices": np.array([2])})["tubes"][:] = 0
    assert len(proposals.tubes) == 2
    assert proposals.tubes[0].boxes[0, 0] == 10


def merged(tubes, max_overlap=0.5):
    return MergeDuplicates(max_overlap)({"proposals": Proposals(tuple(tubes), 10, (96, 64))})["proposals"].tubes


def test_proposals_that_follow_one_actor_become_one():
    # Boxes of 20 x 40: moved by 5 pixels the overlap is 15 / 25, by 12 pixels 8 / 32, from 5 to 12 it is 13 / 27.
    tubes = [make_tube(0, 10, box=(x, 0, x + 20, 40)) for x in (0, 5, 12, 60)]
    for max_overlap, lefts in ((0.5, [2.5, 12, 60]), (0.2, [17 / 3, 60]), (0.7, [0, 5, 12, 60]), (0.45, [2.5, 12, 60])):
        left = merged(tubes, max_overlap)
        assert [tube.boxes[0, 0] for tube in left] == pytest.approx(lefts)
        assert [tube.boxes[0, 2] for tube in left] == pytest.approx([x + 20 for x in lefts])
    assert merged(tubes)[1] is tubes[2]
    assert merged([]) == ()


def test_a_duplicate_goes_to_the_earlier_tube_that_it_overlaps_most():
    lefts = [tube.boxes[0, 0] for tube in merged([make_tube(0, 10, box=(x, 0, x + 20, 40)) for x in (0, 9, 6)])]
    assert lefts == [0, 7.5]  # 6 is 14 / 26 from 0, and 17 / 23 from 9


def test_where_a_duplicate_has_no_box_the_first_tube_keeps_its_own():
    first, other = make_tube(2, 6, box=(0, 0, 20, 40), score=0.3), make_tube(4, 6, box=(2, 0, 22, 40), score=0.9)
    (tube,) = merged([first, other], max_overlap=0.3)
    assert (tube.start, len(tube), tube.score) == (2, 6, pytest.approx(0.3))
    # make_tube moves a tube by one pixel a frame from its own start.
    np.testing.assert_allclose(tube.boxes[:, 0], [0, 1, 2, 3, 4, 5])
    (tube,) = merged([first, make_tube(4, 6, box=(6, 0, 26, 40))], max_overlap=0.3)
    np.testing.assert_allclose(tube.boxes[:, 0], [0, 1, 4, 5, 6, 7])
    np.testing.assert_array_equal(tube.scores, first.scores)


def test_impossible_settings_are_an_error():
    with pytest.raises(InputError, match=r"MergeDuplicates: max_overlap must be from 0 to 1, got 1\.5"):
        MergeDuplicates(1.5)
    with pytest.raises(InputError, match="max_tubes must be 1 or more, got 0"):
        AttachTubes(0)


def test_proposals_of_little_confidence_are_left_out_and_the_others_stay_in_their_order():
    tubes = [make_tube(0, 10, box=(x, 0, x + 20, 40), score=score) for x, score in ((0, 0.9), (30, 0.29), (60, 0.3))]
    results = DropWeakTubes(0.3)({"proposals": Proposals(tuple(tubes), 10, (96, 64))})
    assert results["proposals"].tubes == (tubes[0], tubes[2])
    assert DropWeakTubes(1.0)(results)["proposals"].tubes == ()
    with pytest.raises(InputError, match=r"DropWeakTubes: min_score must be from 0 to 1, got -0\.1"):
        DropWeakTubes(-0.1)

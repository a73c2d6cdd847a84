import numpy as np
import pytest

from actorsup.datasets.transforms import AttachTubes, DropDuplicates
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


def test_a_proposal_of_an_actor_whom_an_earlier_one_follows_is_left_out():
    # Boxes of 20 x 40: moved by 5 pixels the overlap is 15 / 25, by 12 pixels 8 / 32.
    tubes = [make_tube(0, 10, box=(x, 0, x + 20, 40)) for x in (0, 5, 12, 60)]
    proposals = Proposals(tuple(tubes), 10, (96, 64))
    for max_overlap, kept in ((0.5, [0, 2, 3]), (0.2, [0, 3]), (0.7, [0, 1, 2, 3]), (0, [0, 3])):
        left = DropDuplicates(max_overlap)({"proposals": proposals})["proposals"]
        assert left.tubes == tuple(tubes[index] for index in kept)
    assert DropDuplicates()({"proposals": Proposals((), 10, (96, 64))})["proposals"].tubes == ()


def test_impossible_settings_are_an_error():
    with pytest.raises(InputError, match=r"max_overlap must be from 0 to 1, got 1\.5"):
        DropDuplicates(1.5)
    with pytest.raises(InputError, match="max_tubes must be 1 or more, got 0"):
        AttachTubes(0)

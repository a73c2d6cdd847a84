import numpy as np
import pytest

from actorsup.apis.long_videos import TubeStitcher, cut, splice
from actorsup.structures import Tube


def still(start: int, end: int, left: float = 0.0, label: int = 0) -> Tube:
    """A box of 10×10 that stays where it is."""
    length = end - start
    return Tube(start, [[left, 0, left + 10, 10]] * length, np.ones(length), 1.0, label)


def wandering(rng, start: int, end: int, center: float) -> Tube:
    """A box of 10×10 about a place, never far enough to be another's."""
    offsets = center + rng.uniform(-1, 1, (end - start, 1))
    boxes = np.concatenate([offsets, offsets, offsets + 10, offsets + 10], axis=1)
    return Tube(start, boxes, rng.uniform(size=end - start), 0.5, 0)


def join(tubes, windows, scores=None, threshold=0.5):
    """Pieces by track, of whole tubes that are seen through windows ``(start, end)``."""
    stitcher = TubeStitcher(threshold)
    pieces = {}
    end = 0
    for index, (start, stop) in enumerate(windows):
        finished = stop if index + 1 == len(windows) else windows[index + 1][0]
        parts = [(cut(tube, start, stop), number) for number, tube in enumerate(tubes)]
        parts = [(part, number) for part, number in parts if part is not None]
        given = np.array([[float(number), index] if scores is None else scores[index] for _, number in parts])
        shared = range(start, end)
        for piece in stitcher.add([part for part, _ in parts], given.reshape(-1, 2), shared, finished):
            assert end == 0 or piece.tube.end <= finished
            pieces.setdefault(piece.track, []).append(piece)
        end = stop
    return pieces


@pytest.mark.parametrize("seed", range(20))
def test_tubes_that_are_cut_into_windows_are_joined_to_what_they_were(seed):
    rng = np.random.default_rng(seed)
    length, overlap = 12, int(rng.integers(1, 7))
    starts = range(0, 60, length - overlap)
    windows = [(start, start + length) for start in starts]
    total = windows[-1][1]
    tubes = [wandering(rng, *sorted(rng.choice(total + 1, 2, replace=False)), 40 * index) for index in range(5)]
    joined = join(tubes, windows)
    for pieces in joined.values():
        original = tubes[int(pieces[0].scores[0])]
        assert {piece.scores[0] for piece in pieces} == {pieces[0].scores[0]}
        edges = [(piece.tube.start, piece.tube.end) for piece in pieces]
        assert [edge[0] for edge in edges[1:]] == [edge[1] for edge in edges[:-1]]  # no gap, nothing twice
        assert (edges[0][0], edges[-1][1]) == (original.start, original.end)
        np.testing.assert_array_equal(np.concatenate([piece.tube.boxes for piece in pieces]), original.boxes)
        np.testing.assert_array_equal(np.concatenate([piece.tube.scores for piece in pieces]), original.scores)
    assert len(joined) == len(tubes)


def test_scores_are_means_weighed_by_the_frames_of_each_window():
    pieces = join([still(0, 14)], [(0, 8), (6, 14)], scores=[[1.0, 0.0], [3.0, 4.0]])[0]
    np.testing.assert_array_equal(pieces[0].scores, [1, 0])
    np.testing.assert_array_equal(pieces[1].scores, [2, 2])
    pieces = join([still(0, 10)], [(0, 8), (6, 14)], scores=[[1.0, 0.0], [4.0, 3.0]])[0]
    np.testing.assert_allclose(pieces[1].scores, [(8 * 1 + 4 * 4) / 12, (4 * 3) / 12])


def test_a_tube_that_goes_nowhere_and_one_from_nowhere_meet_in_the_middle():
    stitcher = TubeStitcher(0.5)
    (first,) = stitcher.add([still(0, 8)], np.zeros((1, 1)), range(0), finished=4)
    last, begun = stitcher.add([still(4, 12, left=50)], np.zeros((1, 1)), range(4, 8), finished=12)
    assert [(piece.track, piece.tube.start, piece.tube.end) for piece in (first, last, begun)] == [
        (0, 0, 4),
        (0, 4, 6),
        (1, 6, 12),
    ]


def test_what_only_the_other_half_of_the_shared_frames_has_is_left_out():
    stitcher = TubeStitcher(0.5)
    assert stitcher.add([still(6, 8)], np.zeros((1, 1)), range(0), finished=4) == []
    assert stitcher.add([still(4, 6, left=50)], np.zeros((1, 1)), range(4, 8), finished=8) == []


def test_categories_do_not_mix():
    stitcher = TubeStitcher(0.5)
    stitcher.add([still(0, 8, label=0)], np.zeros((1, 1)), range(0), finished=4)
    pieces = stitcher.add([still(4, 12, label=1)], np.zeros((1, 1)), range(4, 8), finished=12)
    assert [piece.track for piece in pieces] == [0, 1]


def test_the_best_pair_is_joined_first_and_each_tube_once():
    stitcher = TubeStitcher(0.3)
    stitcher.add([still(0, 8, left=0), still(0, 8, left=3)], np.zeros((2, 1)), range(0), finished=4)
    pieces = stitcher.add([still(4, 12, left=2), still(4, 12, left=40)], np.zeros((2, 1)), range(4, 8), finished=12)
    # Left 2 overlaps both, 3 more than 0.
    assert {(piece.track, piece.tube.end) for piece in pieces} == {(0, 6), (1, 12), (2, 12)}


def test_below_the_threshold_nothing_is_joined():
    for threshold, num_tracks in ((0.6, 1), (0.7, 2)):  # 10×10 moved by 2: 8 / 12
        stitcher = TubeStitcher(threshold)
        stitcher.add([still(0, 8)], np.zeros((1, 1)), range(0), finished=4)
        pieces = stitcher.add([still(4, 12, left=2)], np.zeros((1, 1)), range(4, 8), finished=12)
        assert len({piece.track for piece in pieces}) == num_tracks


def test_a_splice_takes_the_earlier_boxes_up_to_the_middle():
    tube = splice(still(0, 8, left=0), still(4, 12, left=5))
    assert (tube.start, tube.end) == (0, 12)
    np.testing.assert_array_equal(tube.boxes[:, 0], [0] * 6 + [5] * 6)
    assert splice(still(4, 5, left=0), still(4, 6, left=5)).boxes[:, 0].tolist() == [5, 5]


def test_a_cut_outside_a_tube_is_nothing():
    assert cut(still(2, 4), 4, 9) is None
    assert cut(still(2, 4), 0, 2) is None
    assert (cut(still(2, 9), 4, 6).start, len(cut(still(2, 9), 4, 6))) == (4, 2)

import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.models import TemporalTrimming
from actorsup.models.post_processing import best_stretches
from actorsup.registry import POST_PROCESSING
from actorsup.structures import RankedTubes

from .cases import predicted, still

BOX = [0, 0, 10, 10]


def spans(result) -> list[tuple[int, int, list[float]]]:
    """Start, end and scores of every tube."""
    pairs = zip(result.tubes, result.scores, strict=True)
    return [(tube.start, tube.end, scores.tolist()) for tube, scores in pairs]


@pytest.mark.parametrize(
    ("scores", "stretch"),
    [
        ([0.5, 0.5, 0.5, 0.5], [0, 4]),  # all alike: all
        ([0.1, 0.9, 0.8, 0.1], [1, 3]),
        ([0.9, 0.4, 0.9, 0.1], [0, 3]),  # a dip of .05 below the share costs less than the rest gains
        ([0.9, 0.0, 0.0, 0.6], [0, 1]),  # a longer one does not: +.45 − .9 + .15
        ([0.3, 0.0, 0.0, 0.6], [3, 4]),
        ([0.0, 0.0, 0.0, 0.0], [0, 4]),  # nothing speaks for any frame
        ([-3.0, -1.0, -2.0, -1.0], [0, 4]),
        ([0.7], [0, 1]),
    ],
)
def test_best_stretch_by_hand(scores, stretch):
    assert best_stretches(np.array(scores)[:, None], 0.5).tolist() == [stretch]


@pytest.mark.parametrize("seed", range(30))
def test_best_stretch_has_the_largest_sum_of_all(seed):
    rng = np.random.default_rng(seed)
    scores = rng.random((int(rng.integers(1, 15)), 3))
    share = rng.uniform(0.1, 0.9)
    for column, (start, end) in zip(scores.T, best_stretches(scores, share), strict=True):
        excess = column - share * column.max()
        every = [excess[a:b].sum() for a in range(len(excess)) for b in range(a + 1, len(excess) + 1)]
        assert excess[start:end].sum() == pytest.approx(max(every), abs=1e-12)


def test_each_class_has_its_stretch_and_those_with_the_same_share_a_tube():
    # Sampled at 0, 4, 8: class 0 in the first half, classes 1 and 2 throughout.
    frame_scores = [[[0.8, 0.1, 0.2], [0.8, 0.1, 0.2], [0.0, 0.1, 0.2]]]
    sample, ranked = predicted([still(BOX)], [[0.9, 0.5, 0.4]], (0, 4, 8), frame_scores=frame_scores)
    result = TemporalTrimming()(sample, ranked)
    # Class 0: .8 up to frame 4, then .6, .4, .2, 0 and 0: above .4 up to frame 5; frame 6 adds nothing.
    assert spans(result) == [(0, 6, [0.9, -np.inf, -np.inf]), (0, 10, [-np.inf, 0.5, 0.4])]
    assert result.proposals.tolist() == [0, 0]
    assert result.tubes[1] is sample.proposals[0]


def test_frames_that_a_tube_does_not_cover_say_nothing_about_it():
    # The tube is there in 5..14, its sampled frames are 6 and 12; what stands at 0 and 18 is of no meaning.
    frame_scores = [[[9.0], [0.1], [0.9], [9.0]]]
    frame_mask = [[False, True, True, False]]
    sample, ranked = predicted([still(BOX, 5, 10)], [[0.5]], (0, 6, 12, 18), frame_mask, frame_scores)
    # At 5 and 6 .1, then .8/6 more a frame up to .9 at 12 to 14: above .45 from 9 on.
    assert spans(TemporalTrimming()(sample, ranked)) == [(9, 15, [0.5])]


def test_a_tube_of_one_sampled_frame_stays_whole():
    sample, ranked = predicted([still(BOX)], [[0.5]], (0, 6), [[False, True]], [[[0.9], [0.2]]])
    assert spans(TemporalTrimming()(sample, ranked)) == [(0, 10, [0.5])]


def test_the_trackers_scores_trim_all_classes_alike():
    scores = np.array([0.1, 0.1, 0.9, 0.9, 0.9, 0.8, 0.2, 0.1, 0.1, 0.1])
    sample, ranked = predicted([still(BOX, 3, scores=scores)], [[0.5, 0.6]])
    step = POST_PROCESSING.build({"type": "TemporalTrimming", "scores": "tracker"})
    assert not step.needs_frame_scores
    (tube,) = step(sample, ranked).tubes
    assert (tube.start, tube.end) == (5, 9)
    np.testing.assert_array_equal(tube.scores, np.float32([0.9, 0.9, 0.9, 0.8]))
    assert spans(step(sample, ranked)) == [(5, 9, [0.5, 0.6])]


def test_a_higher_share_makes_tubes_shorter():
    scores = np.linspace(1, 0.1, 10)
    sample, ranked = predicted([still(BOX, scores=scores)], [[0.5]])
    lengths = [len(TemporalTrimming("tracker", share)(sample, ranked).tubes[0]) for share in (0.05, 0.35, 0.65, 0.95)]
    assert lengths == [10, 7, 4, 1]


def test_classes_that_a_tube_is_no_detection_of_stay_so_and_no_tubes_are_fine():
    sample, ranked = predicted([still(BOX), still(BOX)], [[0.5, 0.6]] * 2, frame_scores=np.full((2, 2, 2), 0.5))
    before = RankedTubes(ranked.tubes, np.array([[-np.inf, 0.6], [-np.inf, -np.inf]]), ranked.proposals)
    assert spans(TemporalTrimming()(sample, before)) == [(0, 10, [-np.inf, 0.6])]
    empty = predicted([], np.zeros((0, 3)), frame_scores=np.zeros((0, 2, 3)))
    assert TemporalTrimming()(*empty).scores.shape == (0, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"scores": "magic"}, "one of head, tracker, got 'magic'"), ({"share": 0}, "got 0"), ({"share": 1}, "got 1")],
)
def test_unusable_options_are_an_error(options, message):
    with pytest.raises(InputError, match=message):
        TemporalTrimming(**options)

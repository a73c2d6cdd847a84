import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.models import TemporalTrimming
from actorsup.models.post_processing import two_levels
from actorsup.registry import POST_PROCESSING
from actorsup.structures import RankedTubes

from .cases import predicted, still

BOX = [0, 0, 10, 10]


def spans(result) -> list[tuple[int, int, list[float]]]:
    """Start, end and scores of every tube."""
    pairs = zip(result.tubes, result.scores, strict=True)
    return [(tube.start, tube.end, scores.tolist()) for tube, scores in pairs]


@pytest.mark.parametrize(
    ("scores", "stretch", "contrast"),
    [
        ([1, 1, 1, 1], [0, 4], 0),  # all alike: all
        ([0, 5, 5, 0], [1, 3], 5),
        ([0, 5, 4, 6, 0, 0], [1, 4], 5),
        ([5, 5, 0, 0, 0], [0, 2], 5),
        ([0, 0, 0, 6, 6], [3, 5], 6),
        ([0, 6, 3, 6, 0, 0], [1, 4], 5),  # a dip inside
        ([9, 0, 0, 0, 0, 0], [0, 2], 4.5),  # two frames are the least
        ([5, 0, 0, 5], [0, 2], 0),  # as good as any other, and not higher than its outside
        ([-7, -2, -2, -7], [1, 3], 5),
        ([5, 0], [0, 2], 0),  # no part is long enough
        ([5], [0, 1], 0),
    ],
)
def test_the_stretch_that_stands_out_by_hand(scores, stretch, contrast):
    stretches, contrasts = two_levels(np.array(scores, dtype=float)[:, None], 0.0)
    assert contrasts.tolist() == [contrast]
    if contrast:
        assert stretches.tolist() == [stretch]


@pytest.mark.parametrize("seed", range(30))
def test_no_other_stretch_explains_the_scores_better(seed):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(int(rng.integers(4, 15)), 3))
    share = rng.uniform(0.0, 0.5)
    num_frames = len(scores)
    for column, (start, end), contrast in zip(scores.T, *two_levels(scores, share), strict=True):
        errors = {}
        for a in range(num_frames):
            for b in range(a + 2, num_frames + 1):
                inside, outside = column[a:b], np.concatenate([column[:a], column[b:]])
                if len(outside) and len(inside) >= share * num_frames and inside.mean() > outside.mean():
                    levels = np.full(num_frames, outside.mean())
                    levels[a:b] = inside.mean()
                    errors[a, b] = ((column - levels) ** 2).sum()
        best = min(errors, key=errors.get)
        assert errors[start, end] == pytest.approx(errors[best])
        outside = np.concatenate([column[:start], column[end:]])
        assert contrast == pytest.approx(column[start:end].mean() - outside.mean())


def test_each_class_has_its_stretch_and_those_with_the_same_share_a_tube():
    # Class 0 in the first half of five sampled frames, class 1 throughout, of class 2 too little to tell.
    frame_scores = [[[4, 2, 1], [4, 2, 1], [-1, 2, 0], [-1, 2, 0], [-1, 2, 0]]]
    sample, ranked = predicted([still(BOX)], [[0.9, 0.5, 0.4]], (0, 2, 5, 7, 9), frame_scores=frame_scores)
    result = TemporalTrimming()(sample, ranked)
    # Midway between frames 2 and 5: the tube ends before frame 4.
    assert spans(result) == [(0, 4, [0.9, -np.inf, -np.inf]), (0, 10, [-np.inf, 0.5, 0.4])]
    assert result.proposals.tolist() == [0, 0]
    assert result.tubes[1] is sample.proposals[0]


def test_frames_that_a_tube_does_not_cover_say_nothing_about_it():
    # The tube is there in 5..24, its sampled frames are 6 to 24; what stands at 0 and 30 is of no meaning.
    frame_scores = [[[99.0], [0.0], [0.0], [5.0], [5.0], [99.0]]]
    frame_mask = [[False, True, True, True, True, False]]
    sample, ranked = predicted([still(BOX, 5, 20)], [[0.5]], (0, 6, 12, 18, 24, 30), frame_mask, frame_scores)
    assert spans(TemporalTrimming()(sample, ranked)) == [(15, 25, [0.5])]


def test_boxes_and_scores_are_those_of_the_frames_that_are_kept():
    tube = still(BOX, 3, scores=np.linspace(0, 0.9, 10))
    sample, ranked = predicted([tube], [[0.5]], (3, 5, 7, 9, 11), frame_scores=[[[0.0], [5.0], [5.0], [0.0], [0.0]]])
    (kept,) = TemporalTrimming()(sample, ranked).tubes
    assert (kept.start, kept.end) == (4, 8)
    np.testing.assert_array_equal(kept.scores, tube.scores[1:5])
    assert (kept.score, kept.label) == (tube.score, tube.label)


def test_a_tube_of_one_sampled_frame_and_one_that_repeats_a_frame_stay_whole():
    sample, ranked = predicted([still(BOX)], [[0.5]], (0, 6), [[False, True]], [[[0.9], [0.2]]])
    assert spans(TemporalTrimming()(sample, ranked)) == [(0, 10, [0.5])]
    # A video of two frames, sampled four times.
    scores = [[[5.0], [5.0], [0.0], [0.0]]]
    sample, ranked = predicted([still(BOX, 0, 2)], [[0.5]], (0, 0, 1, 1), frame_scores=scores)
    assert spans(TemporalTrimming()(sample, ranked)) == [(0, 1, [0.5])]
    sample, ranked = predicted([still(BOX, 0, 1)], [[0.5]], (0, 0, 0, 0), frame_scores=scores)
    assert spans(TemporalTrimming()(sample, ranked)) == [(0, 1, [0.5])]


def test_the_contrast_and_the_share_that_are_asked_for():
    scores = [[[0.0]] * 4 + [[5.0]] * 2 + [[0.0]] * 4]
    sample, ranked = predicted([still(BOX)], [[0.5]], range(10), frame_scores=scores)
    for options, length in (
        ({}, 2),
        ({"contrast": 5.1}, 10),
        ({"contrast": 4.9}, 2),
        ({"min_share": 0.4, "contrast": 1.0}, 4),
    ):
        step = POST_PROCESSING.build({"type": "TemporalTrimming", **options})
        assert [len(tube) for tube in step(sample, ranked).tubes] == [length]


def test_classes_that_a_tube_is_no_detection_of_stay_so_and_no_tubes_are_fine():
    sample, ranked = predicted([still(BOX), still(BOX)], [[0.5, 0.6]] * 2, frame_scores=np.full((2, 2, 2), 0.5))
    before = RankedTubes(ranked.tubes, np.array([[-np.inf, 0.6], [-np.inf, -np.inf]]), ranked.proposals)
    assert spans(TemporalTrimming()(sample, before)) == [(0, 10, [-np.inf, 0.6])]
    empty = predicted([], np.zeros((0, 3)), frame_scores=np.zeros((0, 2, 3)))
    assert TemporalTrimming()(*empty).scores.shape == (0, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"window": 4}, "odd number from 1 on, got 4"), ({"window": -1}, "got -1"), ({"min_share": 2}, "got 2")],
)
def test_unusable_options_are_an_error(options, message):
    with pytest.raises(InputError, match=message):
        TemporalTrimming(**options)

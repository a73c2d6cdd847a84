import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.models import TubeNMS
from actorsup.registry import POST_PROCESSING
from actorsup.structures import pairwise_iou

from .cases import predicted, still

BOX, NEAR, FAR = [0, 0, 100, 100], [10, 0, 110, 100], [300, 0, 400, 100]  # BOX and NEAR overlap by 90/110


def suppressed(tubes, scores, **options):
    """Scores after suppression, with a row of -inf for each tube that was left out."""
    sample, ranked = predicted(tubes, scores)
    result = POST_PROCESSING.build({"type": "TubeNMS", **options})(sample, ranked)
    rows = np.full_like(ranked.scores, -np.inf)
    rows[result.proposals] = result.scores
    assert [id(tube) for tube in result.tubes] == [id(tubes[index]) for index in result.proposals]
    return rows.tolist()


def test_a_tube_that_repeats_a_better_one_goes_for_that_class_alone():
    tubes = [still(BOX), still(NEAR), still(FAR)]
    scores = [[0.9, 0.1], [0.8, 0.7], [0.7, 0.6]]
    assert suppressed(tubes, scores) == [[0.9, -np.inf], [-np.inf, 0.7], [0.7, 0.6]]


def test_a_tube_of_no_class_is_left_out():
    sample, ranked = predicted([still(BOX), still(NEAR)], [[0.9], [0.8]])
    result = TubeNMS()(sample, ranked)
    assert result.proposals.tolist() == [0]
    assert len(result.tubes) == len(result.scores) == 1


def test_what_a_suppressed_tube_overlaps_is_not_suppressed_by_it():
    # The middle one goes for the first; the last overlaps the middle one alone.
    chain = [still([0, 0, 100, 100]), still([30, 0, 130, 100]), still([60, 0, 160, 100])]
    assert suppressed(chain, [[0.9], [0.8], [0.7]]) == [[0.9], [-np.inf], [0.7]]


def test_of_equal_scores_the_first_stays():
    assert suppressed([still(BOX), still(NEAR)], [[0.5], [0.5]]) == [[0.5], [-np.inf]]


def test_time_counts_unless_overlap_is_spatial():
    tubes = [still(BOX, 0, 10), still(BOX, 0, 3)]
    assert suppressed(tubes, [[0.9], [0.8]]) == [[0.9], [0.8]]
    assert suppressed(tubes, [[0.9], [0.8]], spatial_only=True) == [[0.9], [-np.inf]]


def test_overlap_at_the_threshold_stays():
    tubes = [still(BOX, 0, 10), still(BOX, 0, 5)]
    assert suppressed(tubes, [[0.9], [0.8]], threshold=0.5) == [[0.9], [0.8]]
    assert suppressed(tubes, [[0.9], [0.8]], threshold=0.49) == [[0.9], [-np.inf]]


def test_a_tube_that_is_no_detection_of_a_class_suppresses_nothing_there():
    assert suppressed([still(BOX), still(NEAR)], [[-np.inf, 0.9], [0.1, 0.2]]) == [[-np.inf, 0.9], [0.1, -np.inf]]


def test_arguments_stay_as_they_are_and_no_tubes_are_fine():
    sample, ranked = predicted([still(BOX), still(NEAR)], [[0.9], [0.8]])
    TubeNMS()(sample, ranked)
    assert ranked.scores.tolist() == [[0.9], [0.8]]
    empty = predicted([], np.zeros((0, 3)))
    assert TubeNMS()(*empty).scores.shape == (0, 3)


@pytest.mark.parametrize("seed", range(20))
def test_greedy_suppression_equals_its_definition(seed):
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 60, (8, 2))
    boxes = np.concatenate([corners, corners + rng.integers(20, 60, (8, 2))], axis=1).astype(np.float32)
    scores = rng.integers(0, 5, (8, 3)) / 5
    overlaps = pairwise_iou(boxes, boxes)  # of still tubes of one length
    expected = np.full((8, 3), -np.inf)
    for label in range(3):
        kept = []
        for index in sorted(range(8), key=lambda index: (-scores[index, label], index)):
            if all(overlaps[index, other] <= 0.4 for other in kept):
                kept.append(index)
        expected[kept, label] = scores[kept, label]
    assert suppressed([still(box) for box in boxes], scores, threshold=0.4) == expected.tolist()


@pytest.mark.parametrize("threshold", [-0.1, 1.1])
def test_threshold_outside_the_range_is_an_error(threshold):
    with pytest.raises(InputError, match=f"threshold must be from 0 to 1, got {threshold}"):
        TubeNMS(threshold)

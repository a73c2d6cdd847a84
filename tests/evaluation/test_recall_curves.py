import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.evaluation.functional import VideoOverlaps, recall_curves


def video(name: str, iou) -> VideoOverlaps:
    iou = np.array(iou, dtype=float)
    return VideoOverlaps(name, iou, np.zeros(iou.shape[1], dtype=int))


def test_recall_grows_with_the_number_of_proposals_that_there_really_are():
    # One video has one proposal, the other three; each has one true tube.
    curves = recall_curves([video("a", [[0.3]]), video("b", [[0.1], [0.6], [0.2]])], thresholds=(0.2, 0.5))
    np.testing.assert_allclose(curves.num_proposals, [1, 1.5, 2])
    np.testing.assert_allclose(curves.recall_by_number, [[0.5, 1, 1], [0, 0.5, 0.5]])


@pytest.mark.parametrize("seed", range(10))
def test_every_point_is_what_its_definition_says(seed):
    rng = np.random.default_rng(seed)
    videos = [video(str(i), rng.random((rng.integers(0, 7), rng.integers(1, 4)))) for i in range(8)]
    curves = recall_curves(videos, thresholds=(0.5, 0.8), overlaps=(0.25, 0.75))
    num_true = sum(len(each.labels) for each in videos)

    def recall(first: int, threshold: float) -> float:
        found = 0
        for each in videos:
            for truth in range(len(each.labels)):
                found += any(each.iou[proposal, truth] >= threshold for proposal in range(min(first, len(each.iou))))
        return found / num_true

    for index in range(len(curves.num_proposals)):
        expected = sum(min(len(each.iou), index + 1) for each in videos) / len(videos)
        assert curves.num_proposals[index] == pytest.approx(expected)
        for row, threshold in enumerate((0.5, 0.8)):
            assert curves.recall_by_number[row, index] == pytest.approx(recall(index + 1, threshold))
    np.testing.assert_allclose(curves.recall_by_overlap, [recall(100, 0.25), recall(100, 0.75)])


def test_a_dataset_without_proposals_has_a_recall_of_zero_and_one_without_truth_none():
    curves = recall_curves([video("a", np.zeros((0, 2)))])
    assert curves.num_proposals.tolist() == [0]
    assert not curves.recall_by_number.any()
    assert not curves.recall_by_overlap.any()
    with pytest.raises(InputError):
        recall_curves([video("a", np.zeros((3, 0)))])
    with pytest.raises(InputError):
        recall_curves([video("a", [[0.5]]), video("a", [[0.5]])])

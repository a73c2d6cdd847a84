import math

import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.evaluation.functional import mean_scores, score_track

BOX = np.array([10.0, 20, 30, 60])  # 20 wide, 40 high


def pixels(box) -> set[tuple[int, int]]:
    """The whole pixels of a box with whole corners."""
    return {(x, y) for x in range(int(box[0]), int(box[2])) for y in range(int(box[1]), int(box[3]))}


def by_definition(predicted, truth) -> dict:
    """Every measure, frame by frame and threshold by threshold, from pixel sets and distances of centres."""
    overlaps, errors, normalized = [], [], []
    for guess, true in zip(predicted, truth, strict=True):
        if any(math.isnan(value) for value in true):
            continue
        overlaps.append(len(pixels(guess) & pixels(true)) / len(pixels(guess) | pixels(true)))
        dx = (guess[0] + guess[2] - true[0] - true[2]) / 2
        dy = (guess[1] + guess[3] - true[1] - true[3]) / 2
        errors.append(math.hypot(dx, dy))
        normalized.append(math.hypot(dx / (true[2] - true[0]), dy / (true[3] - true[1])))
    count = len(overlaps)
    return {
        "num_frames": count,
        "mean_iou": sum(overlaps) / count,
        "success": [sum(overlap > step / 20 for overlap in overlaps) / count for step in range(21)],
        "precision": [sum(error <= step for error in errors) / count for step in range(51)],
        "normalized_precision": [sum(error <= step / 100 for error in normalized) / count for step in range(51)],
    }


@pytest.mark.parametrize("seed", range(5))
def test_measures_are_those_of_the_definitions(seed):
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 40, (2, 30, 2))
    boxes = np.concatenate([corners, corners + rng.integers(3, 37, (2, 30, 2))], axis=2).astype(float)
    boxes[1, 3::7] = np.nan
    scores = score_track(*boxes)
    for name, expected in by_definition(*boxes).items():
        np.testing.assert_allclose(getattr(scores, name), expected, atol=1e-12, err_msg=name)


def test_a_perfect_track_scores_1_but_for_the_threshold_that_nothing_exceeds():
    scores = score_track(np.tile(BOX, (4, 1)), np.tile(BOX, (4, 1)))
    assert (scores.mean_iou, scores.as_dict()["precision@20"], scores.as_dict()["normalized_precision_auc"]) == (
        1,
        1,
        1,
    )
    assert scores.success.tolist() == [1] * 20 + [0]
    assert scores.as_dict()["success_auc"] == pytest.approx(20 / 21)


def test_a_track_beside_its_target_scores_by_hand():
    # Half a width to the right: 400 of 1200 px² in common; centres 10 px and 0.5 widths apart.
    scores = score_track([BOX + np.array([10, 0, 10, 0])], [BOX])
    assert scores.mean_iou == pytest.approx(1 / 3)
    assert scores.success.sum() == 7  # above 0, .05, … .30
    assert np.flatnonzero(scores.precision)[0] == 10
    assert np.flatnonzero(scores.normalized_precision)[0] == 50
    # Twenty pixels is still precise, a little more is not.
    assert score_track([BOX + np.array([0, 20, 0, 20])], [BOX]).as_dict()["precision@20"] == 1
    assert score_track([BOX + np.array([0, 20.1, 0, 20.1])], [BOX]).as_dict()["precision@20"] == 0


def test_frames_without_a_true_box_do_not_count():
    truth = np.stack([BOX, np.full(4, np.nan), BOX])
    scores = score_track(np.stack([BOX, BOX + 500, BOX]), truth)
    assert (scores.num_frames, scores.mean_iou) == (2, 1)


def test_every_target_counts_alike_however_long_it_is():
    long = score_track(np.tile(BOX, (9, 1)), np.tile(BOX, (9, 1)))
    short = score_track([BOX + 500], [BOX])
    mean = mean_scores([long, short])
    assert (mean.num_frames, mean.mean_iou, mean.as_dict()["precision@20"]) == (10, 0.5, 0.5)
    assert mean.as_dict()["success_auc"] == pytest.approx(10 / 21)
    assert mean.as_dict() == {
        "mean_iou": 0.5,
        "success_auc": pytest.approx(10 / 21),
        "precision@20": 0.5,
        "normalized_precision_auc": 0.5,
    }


@pytest.mark.parametrize(
    ("predicted", "truth", "message"),
    [
        ([BOX], [BOX, BOX], r"alike, got \(1, 4\) and \(2, 4\)"),
        (BOX, BOX, r"expected predicted and true boxes \(T, 4\)"),
        ([BOX, BOX * np.nan], [BOX, BOX], "predicted box 1 is not finite"),
        ([BOX], [BOX * np.nan], "none of the 1 frames is annotated"),
    ],
)
def test_what_cannot_be_measured_is_refused(predicted, truth, message):
    with pytest.raises(InputError, match=message):
        score_track(np.array(predicted), np.array(truth))


def test_a_mean_over_nothing_is_refused():
    with pytest.raises(InputError, match="no target"):
        mean_scores([])

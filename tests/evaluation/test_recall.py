from dataclasses import replace

import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.evaluation.functional import VideoOverlaps, evaluate_proposals, recall_protocol, tube_recall

from .definitions import slow_recall
from .scenes import random_scene, still_tube

CLASSES = ("Basketball", "Diving", "Fencing")


def three_true_tubes() -> list[VideoOverlaps]:
    """BO: Basketball .6 and .5 (video a), Diving .2 (video b, second proposal), none of Fencing."""
    return [
        VideoOverlaps("a", np.array([[0.6, 0.1], [0.3, 0.5]]), np.array([0, 0])),
        VideoOverlaps("b", np.array([[0.1], [0.2], [0.0], [0.0]]), np.array([1])),
    ]


def test_recall_and_mabo_by_hand():
    numbers = tube_recall(three_true_tubes(), 3, [0.2, 0.5]).as_dict()
    assert numbers["recall@0.2"] == 1
    assert numbers["recall@0.2_strict"] == pytest.approx(2 / 3)  # .2 > .2 is false
    assert numbers["recall@0.2_per_class_strict"] == pytest.approx((1 + 0) / 2)
    assert numbers["recall@0.5"] == pytest.approx(2 / 3)
    assert numbers["recall@0.5_per_class"] == pytest.approx((1 + 0) / 2)
    assert numbers["recall@0.5_strict"] == pytest.approx(1 / 3)  # .5 > .5 is false
    assert numbers["recall@0.5_per_class_strict"] == pytest.approx((0.5 + 0) / 2)
    assert numbers["mabo"] == pytest.approx(((0.6 + 0.5) / 2 + 0.2) / 2)
    assert numbers["num_proposals"] == pytest.approx((2 + 4) / 2)


def test_table_lists_the_classes_with_ground_truth():
    table = tube_recall(three_true_tubes(), 3, [0.2, 0.5]).per_class_table(CLASSES)
    assert [row["class"] for row in table] == ["Basketball", "Diving"]
    assert [row["num_ground_truth"] for row in table] == [2, 1]
    assert [row["abo"] for row in table] == pytest.approx([0.55, 0.2])
    assert [row["recall@0.5"] for row in table] == [1, 0]


def test_ground_truth_as_proposals_gives_recall_one():
    videos = [(name, truth, truth) for name, _, truth, _ in random_scene(0)]
    numbers, _ = evaluate_proposals(videos, CLASSES, [0.5, 1.0])
    assert {name: value for name, value in numbers.items() if name not in ("num_proposals",)} == {
        "recall@0.5": 1,
        "recall@0.5_per_class": 1,
        "recall@0.5_strict": 1,
        "recall@0.5_per_class_strict": 1,
        "recall@1": 1,
        "recall@1_per_class": 1,
        "recall@1_strict": 0,  # nothing overlaps more than wholly
        "recall@1_per_class_strict": 0,
        "mabo": 1,
    }


def test_video_without_proposals_counts_as_missed():
    truth = still_tube([0, 0, 9, 9])
    numbers, _ = evaluate_proposals([("found", [truth], [truth]), ("none", [], [truth])], CLASSES, [0.5])
    assert (numbers["recall@0.5"], numbers["mabo"], numbers["num_proposals"]) == (0.5, 0.5, 0.5)


def test_video_without_ground_truth_changes_only_the_number_of_proposals():
    truth = still_tube([0, 0, 9, 9])
    numbers, _ = evaluate_proposals([("found", [truth], [truth]), ("empty", [truth] * 3, [])], CLASSES, [0.5])
    assert (numbers["recall@0.5"], numbers["mabo"], numbers["num_proposals"]) == (1, 1, 2)


def test_tube_that_spans_part_of_the_video_is_found_up_to_its_share_of_time():
    # 6 of 10 frames, exact boxes: overlap .6.
    videos = [("a", [still_tube([0, 0, 9, 9], start=2, num_frames=6)], [still_tube([0, 0, 9, 9], num_frames=10)])]
    numbers, _ = evaluate_proposals(videos, CLASSES, [0.5, 0.7])
    assert (numbers["recall@0.5"], numbers["recall@0.7"]) == (1, 0)
    assert numbers["mabo"] == pytest.approx(0.6)


def test_spatial_recall_leaves_time_out():
    # Half of the box in 2 of 10 frames.
    videos = [("a", [still_tube([0, 0, 10, 5], start=2, num_frames=2)], [still_tube([0, 0, 10, 10], num_frames=10)])]
    assert evaluate_proposals(videos, CLASSES, [0.5], "apt")[0]["mabo"] == pytest.approx(0.1)
    assert evaluate_proposals(videos, CLASSES, [0.5], "spatial")[0]["mabo"] == pytest.approx(0.5)


def test_sparse_true_tubes_are_recalled_by_their_annotated_frames():
    truth = replace(still_tube([0, 0, 10, 10], num_frames=3), annotated=[True, False, True])
    numbers, _ = evaluate_proposals([("a", [still_tube([0, 0, 10, 10], num_frames=60)], [truth])], CLASSES, [0.5])
    assert numbers["mabo"] == 1


def test_order_of_the_videos_does_not_matter(rng):
    videos = [video[:3] for video in random_scene(1)]
    shuffled = [videos[index] for index in rng.permutation(len(videos))]
    assert evaluate_proposals(videos, CLASSES) == evaluate_proposals(iter(shuffled), CLASSES)


@pytest.mark.parametrize("seed", range(50))
def test_recall_equals_the_definition(seed):
    videos = random_scene(seed)
    for first in (None, 2):
        kept = [(name, tubes[:first], truth) for name, tubes, truth, _ in videos]
        numbers, _ = evaluate_proposals(kept, CLASSES, [0.3, 0.5])
        for threshold in (0.3, 0.5):
            for strict, suffix in ((False, ""), (True, "_strict")):
                pooled, mean, mabo = slow_recall(videos, threshold, len(CLASSES), first, strict)
                assert numbers[f"recall@{threshold}{suffix}"] == pytest.approx(pooled, abs=1e-9)
                assert numbers[f"recall@{threshold}_per_class{suffix}"] == pytest.approx(mean, abs=1e-9)
                assert numbers["mabo"] == pytest.approx(mabo, abs=1e-9)


@pytest.mark.parametrize("videos", [[], [("a", [still_tube([0, 0, 9, 9])], [])]])
def test_no_ground_truth_at_all_is_an_error(videos):
    with pytest.raises(InputError, match=f"the {len(videos)} evaluated videos have not one true tube"):
        evaluate_proposals(videos, CLASSES)


def test_video_given_twice_is_an_error():
    truth = still_tube([0, 0, 9, 9])
    with pytest.raises(InputError, match="occur more than once, the first is 'twice'"):
        evaluate_proposals([("twice", [], [truth]), ("twice", [], [truth])], CLASSES)


def test_label_outside_the_classes_is_an_error():
    with pytest.raises(InputError, match=r"odd: a true tube has the label 3, but .* 0 to 2"):
        evaluate_proposals([("odd", [], [still_tube([0, 0, 9, 9], label=3)])], CLASSES)


@pytest.mark.parametrize("thresholds", [(), (0.0,), (0.5, 1.5), (float("nan"),)])
def test_thresholds_outside_the_range_are_an_error(thresholds):
    with pytest.raises(InputError, match="0 < threshold <= 1"):
        tube_recall(three_true_tubes(), 3, thresholds)


def test_unknown_protocol_is_an_error_that_lists_the_known():
    with pytest.raises(InputError, match="unknown recall protocol 'ucf': choose one of apt, spatial"):
        recall_protocol("ucf")

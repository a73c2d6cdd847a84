from functools import partial

import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.evaluation.functional import PROTOCOLS, Protocol, ScoredVideo, VideoOverlaps, average_precision
from actorsup.structures import OverlapRule

from .definitions import slow_ap, slow_iou
from .scenes import random_scene, still_tube

ACT = PROTOCOLS["act"]


def protocol(strict=False, matching="best_unmatched", envelope=False) -> Protocol:
    return Protocol(OverlapRule(), strict, matching, envelope)


def scored(video: str, iou, scores, labels) -> ScoredVideo:
    return ScoredVideo(VideoOverlaps(video, np.reshape(iou, (len(scores), len(labels))), labels), np.array(scores))


def measure(scene, rules: Protocol, thresholds=(0.2, 0.5), max_per_class=None):
    videos = [
        ScoredVideo(VideoOverlaps.from_tubes(name, tubes, truth, rules.overlap), scores)
        for name, tubes, truth, scores in scene
    ]
    return average_precision(videos, thresholds, rules, max_per_class)


def hit_miss_hit(threshold_overlap: float = 1.0) -> list[ScoredVideo]:
    """One class, two true tubes in two videos; by score: a hit (.9), a miss (.8), a hit (.7)."""
    return [
        scored("a", [[1.0], [0.0]], [[0.9], [0.8]], [0]),
        scored("b", [[threshold_overlap]], [[0.7]], [0]),
    ]


def test_trapezoid_by_hand():
    # (precision, recall): (1, 0), (1, 1/2), (1/2, 1/2), (2/3, 1): 1/2·(1+1)/2 + 0 + 1/2·(1/2+2/3)/2 = 19/24
    assert average_precision(hit_miss_hit(), [0.5], ACT).mean == pytest.approx([19 / 24], abs=1e-12)


def test_envelope_by_hand():
    # The highest precision at recall >= 1/2 is 1, beyond it 2/3: 1/2·1 + 1/2·2/3 = 5/6
    assert average_precision(hit_miss_hit(), [0.5], protocol(envelope=True)).mean == pytest.approx([5 / 6], abs=1e-12)


def test_overlap_at_the_threshold_matches_unless_strict():
    # Strict: hit, miss, miss with two true tubes: 1/2·(1+1)/2 = 1/2
    videos = hit_miss_hit(threshold_overlap=0.5)
    assert average_precision(videos, [0.5], protocol(strict=False)).mean == pytest.approx([19 / 24], abs=1e-12)
    assert average_precision(videos, [0.5], protocol(strict=True)).mean == pytest.approx([1 / 2], abs=1e-12)


def test_second_detection_of_a_taken_tube_tries_the_next_only_where_the_matching_allows():
    # Both overlap the first true tube best. Unmatched best: two hits, AP 1. Best of all: a hit, a miss: 1/2·1.
    videos = [scored("a", [[0.9, 0.6], [0.8, 0.6]], [[0.9], [0.8]], [0, 0])]
    assert average_precision(videos, [0.5], ACT).mean == pytest.approx([1], abs=1e-12)
    assert average_precision(videos, [0.5], protocol(matching="best_of_all")).mean == pytest.approx([0.5], abs=1e-12)


def test_duplicate_of_a_found_tube_is_false():
    # Hit, miss, miss, then nothing: the only true tube is found first, AP 1; found last of two: 1·(0 + 1/2)/2 = 1/4.
    found_first = scored("a", [[1.0], [1.0], [1.0]], [[0.9], [0.8], [0.7]], [0])
    found_last = scored("a", [[0.0], [1.0]], [[0.9], [0.8]], [0])
    assert average_precision([found_first], [0.5], ACT).mean == pytest.approx([1], abs=1e-12)
    assert average_precision([found_last], [0.5], ACT).mean == pytest.approx([1 / 4], abs=1e-12)


def test_tube_in_another_video_or_of_another_class_is_no_match():
    # The tube of class 1 is where the truth has class 0, and the video with the truth of class 1 has no tube.
    videos = [scored("a", [[1.0]], [[0.1, 0.9]], [0]), scored("b", np.zeros((0, 1)), np.zeros((0, 2)), [1])]
    np.testing.assert_allclose(average_precision(videos, [0.5], ACT).per_class, [[1, 0]])


def test_ground_truth_as_predictions_gives_one():
    scene = [
        (name, truth, truth, np.eye(3)[[tube.label for tube in truth]].reshape(-1, 3))
        for name, _, truth, _ in random_scene(0)
    ]
    for rules in (ACT, protocol(envelope=True), protocol(matching="best_of_all")):
        assert measure(scene, rules, (0.2, 0.5, 1.0)).mean == pytest.approx([1, 1, 1], abs=1e-12)


def test_act_adds_a_pixel_and_counts_one_common_frame():
    # 20-pixel boxes shifted by 5: .409 with the pixel, .391 without.
    truth, shifted = still_tube([0, 0, 20, 20]), still_tube([5, 5, 25, 25])
    scene = [("a", [shifted], [truth], np.ones((1, 1)))]
    assert measure(scene, ACT, [0.4]).mean == pytest.approx([1])
    assert measure(scene, protocol(), [0.4]).mean == pytest.approx([0])
    # Frames 0..1 and 1..2: one common frame of three.
    scene = [("a", [still_tube([0, 0, 9, 9], 0, 2)], [still_tube([0, 0, 9, 9], 1, 2)], np.ones((1, 1)))]
    assert measure(scene, ACT, [0.3]).mean == pytest.approx([1])


def test_classes_without_ground_truth_are_left_out():
    result = average_precision([scored("a", [[1.0]], [[0.5, 0.9, 0.1]], [0])], [0.5], ACT)
    np.testing.assert_array_equal(result.per_class, [[1, np.nan, np.nan]])
    assert result.as_dict(("Basketball", "Diving", "Fencing")) == {"mAP@0.5": 1, "AP@0.5/Basketball": 1}


def test_limit_keeps_the_best_tubes_of_each_video_for_each_class():
    # All: miss (.9), hit (.8), hit (.7): (1,0), (0,0), (1/2,1/2), (2/3,1): 1/2·(0+1/2)/2 + 1/2·(1/2+2/3)/2 = 5/12
    # One a video: miss (.9), hit (.7): (1,0), (0,0), (1/2,1/2): 1/2·(0+1/2)/2 = 1/8
    videos = [scored("a", [[0.0], [1.0]], [[0.9], [0.8]], [0]), scored("b", [[1.0]], [[0.7]], [0])]
    assert average_precision(videos, [0.5], ACT).mean == pytest.approx([5 / 12], abs=1e-12)
    assert average_precision(videos, [0.5], ACT, max_per_class=1).mean == pytest.approx([1 / 8], abs=1e-12)


def test_equal_scores_are_ordered_by_video_name_then_rank():
    # By name: hit of a, misses of b: AP 1/2·1 of two true tubes; the other way round 1/2·(0+1/3)/2 = 1/12.
    hit, misses = [[1.0]], [[0.0], [0.0]]
    hit_first = [scored("b", misses, [[0.5]] * 2, [0]), scored("a", hit, [[0.5]], [0])]
    hit_last = [scored("b", hit, [[0.5]], [0]), scored("a", misses, [[0.5]] * 2, [0])]
    for videos, expected in ((hit_first, 1 / 2), (hit_last, 1 / 12)):
        for order in (videos, videos[::-1]):
            assert average_precision(order, [0.5], ACT).mean == pytest.approx([expected], abs=1e-12)


def test_tube_scored_minus_infinity_is_no_detection_of_the_class():
    # Of class 0 the miss alone is one; of class 1 the hit alone, at +inf.
    videos = [scored("a", [[0.0, 0.0], [1.0, 1.0]], [[0.1, -np.inf], [-np.inf, np.inf]], [0, 1])]
    np.testing.assert_array_equal(average_precision(videos, [0.5], ACT).per_class, [[0, 1]])
    nothing = [scored("a", [[1.0]], [[-np.inf]], [0])]
    assert average_precision(nothing, [0.5], ACT).mean == [0]


def test_table_lists_the_classes_with_ground_truth():
    # Of two true tubes one is found at .2 and none at .5.
    result = average_precision([scored("a", [[0.4, 0.0]], [[0.5, 0.9]], [1, 1])], [0.2, 0.5], ACT)
    assert result.per_class_table(("Basketball", "Diving")) == [
        {"class": "Diving", "num_ground_truth": 2, "AP@0.2": 0.5, "AP@0.5": 0, "recall@0.2": 0.5, "recall@0.5": 0}
    ]


def test_means_over_a_range_of_thresholds_are_those_of_its_thresholds():
    videos = [scored("a", [[0.62], [0.9]], [[0.9, 0.1], [0.3, 0.8]], [0]), scored("b", [[0.96]], [[0.5, 0.9]], [1])]
    result = average_precision(videos, [0.2], ACT, ranges=("0.5:0.95", "0.05:0.45"))
    every = average_precision(videos, [0.5 + 0.05 * step for step in range(10)], ACT)
    assert result.means() == {
        "0.2": pytest.approx(1),
        "0.5:0.95": pytest.approx(every.mean.mean()),
        "0.05:0.45": pytest.approx(1),
    }
    # Of class 0 the first detection is true up to .6, then the third up to .9: 3 · 1 + 6 · (1/3 + 0)/2 + 0, of 10.
    assert result.per_class_of_ranges[0].tolist() == pytest.approx([4 / 10, 1], abs=1e-12)
    names = result.as_dict(("Basketball", "Diving"))
    assert list(names)[:4] == ["mAP@0.2", "mAP@0.5:0.95", "mAP@0.05:0.45", "AP@0.2/Basketball"]


def test_excluded_classes_are_no_ground_truth_and_no_detections():
    videos = [scored("a", [[1.0, 0.0], [0.0, 1.0]], [[0.9, 0.1], [0.3, 0.2]], [0, 1])]
    result = average_precision([video.without([1]) for video in videos], [0.5], ACT)
    np.testing.assert_array_equal(result.per_class, [[1, np.nan]])
    assert videos[0].without([]) is videos[0]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("matching", ["best_unmatched", "best_of_all"])
@pytest.mark.parametrize("envelope", [True, False])
def test_every_choice_of_a_protocol_equals_the_definition(strict, matching, envelope):
    rules = Protocol(OverlapRule(1, 0, False), strict, matching, envelope)
    overlap = partial(slow_iou, plus_detection=1, least_common_frames=2)
    for seed in range(10):
        scene = random_scene(seed)
        expected = [
            [slow_ap(scene, k, t, overlap, strict, matching == "best_unmatched", envelope) for k in range(3)]
            for t in (0.2, 0.5)
        ]
        np.testing.assert_allclose(measure(scene, rules).per_class, expected, rtol=0, atol=1e-9)


def test_no_ground_truth_at_all_is_an_error():
    with pytest.raises(InputError, match="the 1 evaluated videos have not one true tube"):
        average_precision([scored("a", np.zeros((1, 0)), [[0.5]], [])], [0.5], ACT)
    with pytest.raises(InputError, match="the 0 evaluated videos"):
        average_precision([], [0.5], ACT)


def test_nan_score_is_an_error_that_names_the_video():
    with pytest.raises(InputError, match=r"bad: the score of tube 1 for class 0 is NaN \(1 of 2 scores are\)"):
        scored("bad", [[1.0], [1.0]], [[0.5], [np.nan]], [0])


@pytest.mark.parametrize("scores", [np.zeros((3, 2)), np.zeros(2)])
def test_scores_without_a_row_for_each_tube_are_an_error(scores):
    with pytest.raises(InputError, match=r"bad: 2 tubes need scores of shape \(2, num_classes\)"):
        ScoredVideo(VideoOverlaps("bad", np.zeros((2, 1)), [0]), scores)


def test_label_outside_the_classes_is_an_error():
    with pytest.raises(InputError, match="bad: a true tube has the label 2, but the dataset has the classes 0 to 1"):
        scored("bad", [[1.0]], [[0.5, 0.5]], [2])


def test_videos_with_different_classes_are_an_error():
    with pytest.raises(InputError, match="the same number of classes"):
        average_precision([scored("a", [[1.0]], [[0.5]], [0]), scored("b", [[1.0]], [[0.5, 0.5]], [0])], [0.5], ACT)


def test_video_given_twice_is_an_error():
    with pytest.raises(InputError, match="1 occur more than once, the first is 'twice'"):
        average_precision([scored("twice", [[1.0]], [[0.5]], [0])] * 2, [0.5], ACT)


def test_limit_below_one_is_an_error():
    with pytest.raises(InputError, match="max_per_class must be 1 or more"):
        average_precision(hit_miss_hit(), [0.5], ACT, max_per_class=0)


def test_threshold_outside_the_range_is_an_error():
    with pytest.raises(InputError, match="0 < threshold <= 1"):
        average_precision(hit_miss_hit(), [50], ACT)


def test_unknown_matching_is_refused():
    with pytest.raises(ValueError, match="matching must be one of best_unmatched, best_of_all, got 'hungarian'"):
        protocol(matching="hungarian")

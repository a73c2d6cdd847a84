"""Every named protocol against its definition, and what tells it from the others."""

import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.evaluation.functional import (
    PROTOCOLS,
    ScoredVideo,
    VideoOverlaps,
    average_precision,
    average_precision_protocol,
    evaluate_predictions,
)
from actorsup.structures import Tube

from .definitions import SLOW_PROTOCOLS
from .scenes import random_scene, sparse_scene, still_tube

CLASSES = ("Basketball", "Diving", "Fencing")


def measure(scene, name, thresholds=(0.2, 0.5), max_per_class=None):
    rules = PROTOCOLS[name]
    videos = [
        ScoredVideo(VideoOverlaps.from_tubes(video, tubes, truth, rules.overlap), scores)
        for video, tubes, truth, scores in scene
    ]
    return average_precision(videos, thresholds, rules, max_per_class)


def one_video(detections, truths, name, threshold, scores=None) -> float:
    """AP of one class in one video, what YOWO adds to the true tubes taken away again."""
    scores = np.linspace(1, 0.5, len(detections))[:, None] if scores is None else scores
    value = measure([("a", detections, truths, scores)], name, [threshold]).mean[0]
    return round(value * (1 + PROTOCOLS[name].added_truth / len(truths)), 12)


def test_every_protocol_has_a_definition_in_the_tests():
    assert PROTOCOLS.keys() == SLOW_PROTOCOLS.keys()


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("make_scene", [random_scene, sparse_scene])
def test_200_random_scenes_equal_the_definition(name, make_scene):
    for seed in range(200):
        scene = make_scene(seed)
        limit = 2 if seed % 4 == 0 else None
        expected = [
            [SLOW_PROTOCOLS[name](scene, label, threshold, limit) for label in range(3)] for threshold in (0.2, 0.5)
        ]
        result = measure(scene, name, (0.2, 0.5), limit)
        np.testing.assert_allclose(result.per_class, expected, rtol=0, atol=1e-9, err_msg=f"seed {seed}")
        np.testing.assert_allclose(result.mean, np.nanmean(expected, axis=1), rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_order_of_the_videos_does_not_matter(name):
    for seed in range(50):
        scene = sparse_scene(seed)
        shuffled = [scene[index] for index in np.random.default_rng(seed).permutation(len(scene))]
        np.testing.assert_array_equal(measure(scene, name).per_class, measure(shuffled, name).per_class)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_order_of_tubes_does_not_matter_where_scores_differ(name):
    for seed in range(50):
        rng = np.random.default_rng(seed)
        scene, shuffled = [], []
        for video, tubes, truth, scores in sparse_scene(seed):
            distinct = rng.random(scores.shape)
            order = rng.permutation(len(tubes))
            scene.append((video, tubes, truth, distinct))
            shuffled.append((video, [tubes[index] for index in order], truth[::-1], distinct[order]))
        np.testing.assert_allclose(measure(scene, name).per_class, measure(shuffled, name).per_class, atol=1e-12)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_ground_truth_as_predictions_gives_one(name):
    for seed in range(20):
        scene = []
        for video, _, truth, _ in random_scene(seed):
            tubes = [tube for tube in truth if len(tube) > 1]  # a single frame is no overlap for most protocols
            scene.append((video, tubes, tubes, np.eye(3)[[tube.label for tube in tubes]].reshape(-1, 3)))
        if not any(truth for _, _, truth, _ in scene):
            continue
        assert measure(scene, name).mean == pytest.approx([1, 1], abs=1e-5 if name == "yowo" else 1e-12)


def test_yowo_divides_recall_by_a_little_more_than_the_true_tubes():
    tube = still_tube([0, 0, 50, 50])
    assert measure([("a", [tube], [tube, tube], np.ones((1, 1)))], "yowo").mean == pytest.approx([1 / 2.00001] * 2)


@pytest.mark.parametrize(("name", "found"), [("act", 1), ("voc", 1), ("multisports", 0), ("yowo", 1), ("spatial", 1)])
def test_pixels_that_are_added_enlarge_overlap(name, found):
    # 20 × 20 boxes shifted by 5 and 5. Continuous: 225/575 = .391. Pixels: 256/626 = .409.
    # Detections alone, to their right and bottom: 16·16 / (441 + 400 − 256) = .438 where they lie at the upper left.
    truth, shifted = still_tube([5, 5, 25, 25]), still_tube([0, 0, 20, 20])
    assert one_video([shifted], [truth], name, 0.4) == found


def test_pixels_of_detections_alone_keep_a_tube_from_overlapping_itself_wholly():
    # 10 × 10 boxes: 100/121 = .83.
    tube = still_tube([0, 0, 10, 10])
    assert [one_video([tube], [tube], name, 0.9) for name in PROTOCOLS] == [
        0 if name == "voc" else 1 for name in PROTOCOLS
    ]


@pytest.mark.parametrize(("name", "found"), [("act", 1), ("voc", 0), ("multisports", 0), ("yowo", 0), ("spatial", 1)])
def test_one_common_frame_counts_for_some(name, found):
    # Frames 0..1 and 1..2: one common frame of three.
    tubes = still_tube([0, 0, 99, 99], 0, 2), still_tube([0, 0, 99, 99], 1, 2)
    assert one_video(tubes[:1], tubes[1:], name, 0.3) == found


@pytest.mark.parametrize(("name", "found"), [("act", 1), ("voc", 0), ("multisports", 1), ("yowo", 1), ("spatial", 1)])
def test_overlap_at_the_threshold_matches_but_for_voc(name, found):
    # 5 of 10 frames, 5 of 10 steps; the detected boxes of 9 × 9 are the true ones of 10 × 10 once a pixel is added to
    # them alone.
    side, more = 9 if name == "voc" else 10, name == "multisports"
    tubes = still_tube([0, 0, side, side], 0, 5 + more), still_tube([0, 0, 10, 10], 0, 10 + more)
    assert one_video(tubes[:1], tubes[1:], name, 0.5) == found
    assert one_video(tubes[:1], tubes[1:], name, 0.499) == 1


def test_time_of_multisports_is_that_between_frame_numbers():
    # 5 of 10 frames: 4/9 = .444.
    tubes = still_tube([0, 0, 10, 10], 0, 5), still_tube([0, 0, 10, 10], 0, 10)
    assert [one_video(tubes[:1], tubes[1:], "multisports", threshold) for threshold in (0.44, 0.45)] == [1, 0]
    assert one_video(tubes[:1], tubes[1:], "act", 0.45) == 1


@pytest.mark.parametrize("name", PROTOCOLS)
def test_second_detection_of_a_taken_tube_tries_the_next_but_for_multisports(name):
    # Both detections overlap the first true tube best, and the second one enough.
    truths = [still_tube([0, 0, 100, 100]), still_tube([30, 0, 130, 100])]
    detections = [still_tube([1, 0, 101, 100]), still_tube([2, 0, 102, 100])]
    assert one_video(detections, truths, name, 0.5) == (0.5 if name == "multisports" else 1)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_envelope_gives_more_than_the_trapezoid(name):
    # Hit, miss, hit of two true tubes: 5/6 under the envelope, 19/24 under the raw curve.
    truths = [still_tube([0, 0, 50, 50]), still_tube([200, 0, 250, 50])]
    detections = [truths[0], still_tube([100, 0, 150, 50]), truths[1]]
    expected = 19 / 24 if name in ("act", "spatial") else 5 / 6
    assert one_video(detections, truths, name, 0.5) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_time_counts_but_for_the_spatial_protocol(name):
    # Exact boxes in 4 of 20 frames: .2 with a little more or less for pixels.
    tubes = still_tube([0, 0, 100, 100], 3, 4), still_tube([0, 0, 100, 100], 0, 20)
    assert one_video(tubes[:1], tubes[1:], name, 0.25) == (name == "spatial")


def predicted(video="a", truth=None, scores=None):
    truth = still_tube([0, 0, 10, 10]) if truth is None else truth
    return video, [truth], np.eye(3)[[0]] if scores is None else scores


def test_videos_without_predictions_count_as_missed():
    truth = still_tube([0, 0, 10, 10])
    numbers, table = evaluate_predictions([predicted()], {"a": [truth], "b": [truth], "c": []}, CLASSES, [0.5])
    assert numbers == dict.fromkeys(
        ("mAP@0.5", "mAP@0.5:0.95", "AP@0.5/Basketball", "AP@0.5:0.95/Basketball"), pytest.approx(0.5)
    )
    assert [list(row.items())[:3] for row in table] == [
        [("class", "Basketball"), ("num_ground_truth", 2), ("AP@0.5", 0.5)]
    ]


def test_suppressed_tubes_are_no_detections():
    # A duplicate between two hits: hit, miss, hit is 19/24. It overlaps the first by 100/121, with pixels .83 too.
    truths = [still_tube([0, 0, 10, 10]), still_tube([50, 0, 60, 10])]
    tubes = [truths[0], still_tube([0, 0, 11, 11]), truths[1]]
    scores = np.array([[0.9, -np.inf], [0.8, -np.inf], [0.7, -np.inf]])
    values = [
        evaluate_predictions([("a", tubes, scores)], {"a": truths}, CLASSES[:2], [0.5], nms=nms)[0]["mAP@0.5"]
        for nms in (None, 0.9, 0.8)
    ]
    assert values == pytest.approx([19 / 24, 19 / 24, 1])
    with pytest.raises(InputError, match="nms must be an overlap from 0 to 1, or None to suppress nothing, got 30"):
        evaluate_predictions([("a", tubes, scores)], {"a": truths}, CLASSES[:2], nms=30)


def test_an_excluded_class_that_is_none_is_an_error():
    truth = {"a": [still_tube([0, 0, 10, 10])]}
    with pytest.raises(InputError, match="excluded_classes: Golf: none of the classes Basketball, Diving, Fencing"):
        evaluate_predictions([predicted()], truth, CLASSES, excluded_classes=["Golf"])


def test_scores_may_come_in_a_buffer_that_is_used_again():
    truth, buffer = still_tube([0, 0, 10, 10]), np.empty((1, 3))

    def stream():
        for video in "ab":
            buffer[:] = np.eye(3)[[0]] if video == "a" else -np.inf
            yield video, [truth], buffer

    assert evaluate_predictions(stream(), {"a": [truth], "b": [truth]}, CLASSES, [0.5])[0]["mAP@0.5"] == 0.5


def test_predictions_of_a_video_that_is_not_evaluated_are_an_error():
    with pytest.raises(InputError, match="stray: predicted, but not one of the 1 videos of the ground truth"):
        evaluate_predictions([predicted("stray")], {"a": [still_tube([0, 0, 10, 10])]}, CLASSES)


def test_predictions_given_twice_are_an_error():
    with pytest.raises(InputError, match="1 occur more than once, the first is 'a'"):
        evaluate_predictions([predicted(), predicted()], {"a": [still_tube([0, 0, 10, 10])]}, CLASSES)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (np.full((1, 3), np.nan), r"a: the score of tube 0 for class 0 is NaN \(3 of 3"),
        (np.zeros((1, 2)), r"a: .* need scores of shape \(1, 3\), got \(1, 2\)"),
        (np.zeros((2, 3)), r"a: 1 tubes need scores of shape \(1, num_classes\), got \(2, 3\)"),
    ],
)
def test_predictions_with_unusable_scores_are_an_error_that_names_the_video(scores, message):
    with pytest.raises(InputError, match=message):
        evaluate_predictions([predicted(scores=scores)], {"a": [still_tube([0, 0, 10, 10])]}, CLASSES)


def test_predicted_boxes_that_are_not_finite_are_refused_by_the_tube():
    with pytest.raises(ValueError, match="expected finite"):
        Tube(0, [[0, 0, np.nan, 10]], [1], 1, 0)


def test_unknown_protocol_is_an_error_that_lists_the_known():
    with pytest.raises(
        InputError,
        match=r"unknown protocol of average precision 'coco': choose one of act, multisports, spatial, voc, yo",
    ):
        average_precision_protocol("coco")

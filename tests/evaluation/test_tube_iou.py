from dataclasses import replace

import numpy as np
import pytest

from actorsup.evaluation.functional import VideoOverlaps
from actorsup.structures import OverlapRule, tube_iou, tube_ious

from .definitions import slow_iou
from .scenes import random_tube, sparsely_annotated, still_tube

CONTINUOUS = OverlapRule()
PIXELS = OverlapRule(detection_offset=1, ground_truth_offset=1)


def test_identical_tubes_have_overlap_one(rng):
    tubes = [random_tube(rng) for _ in range(20)]
    for rule in (CONTINUOUS, PIXELS, OverlapRule(spatial_only=True)):
        assert (np.diag(tube_iou(tubes, tubes, rule)) == 1).all()


def test_overlap_is_temporal_times_mean_spatial():
    # Frames 0..9 and 5..14: 5 common, 15 in the union: temporal 1/3.
    # 20×20 boxes shifted by 5 and 5: 15·15 / (2·400 − 225) = 225/575 in every common frame.
    detection = still_tube([0, 0, 20, 20], start=0, num_frames=10)
    truth = still_tube([5, 5, 25, 25], start=5, num_frames=10)
    assert tube_iou([detection], [truth], CONTINUOUS)[0, 0] == pytest.approx(225 / 575 / 3, abs=1e-12)
    assert tube_iou([detection], [truth], OverlapRule(spatial_only=True))[0, 0] == pytest.approx(225 / 575, abs=1e-12)


def test_plus_one_raises_the_overlap_of_twenty_pixel_boxes():
    # As pixel indices the boxes are 21×21: 16·16 / (2·441 − 256) = 256/626 = .409 instead of 225/575 = .391.
    detection, truth = still_tube([0, 0, 20, 20]), still_tube([5, 5, 25, 25])
    assert tube_iou([detection], [truth], CONTINUOUS)[0, 0] == pytest.approx(0.391, abs=5e-4)
    assert tube_iou([detection], [truth], PIXELS)[0, 0] == pytest.approx(0.409, abs=5e-4)


def test_offset_of_the_detection_alone_enlarges_the_detection_alone():
    # 11×11 against 10×10 at the same corner: 100/121.
    tube = still_tube([0, 0, 10, 10])
    overlap = tube_iou([tube], [tube], OverlapRule(detection_offset=1))
    assert overlap[0, 0] == pytest.approx(100 / 121, abs=1e-12)


def test_one_common_frame_counts_or_not():
    # Frames 0..4 and 4..8: one common, nine in the union.
    detection, truth = still_tube([0, 0, 9, 9], 0, 5), still_tube([0, 0, 9, 9], 4, 5)
    assert tube_iou([detection], [truth], CONTINUOUS)[0, 0] == pytest.approx(1 / 9, abs=1e-12)
    assert tube_iou([detection], [truth], OverlapRule(single_frame_counts=False))[0, 0] == 0


def test_time_in_steps_is_one_less_than_in_frames():
    # 5 of 10 frames: 4 of 9 steps. One frame is no step, not even of a tube of one frame.
    steps = OverlapRule(counts_steps=True)
    truth, half, one = (still_tube([0, 0, 9, 9], 0, num_frames) for num_frames in (10, 5, 1))
    assert tube_iou([half, one, truth], [truth], steps)[:, 0].tolist() == pytest.approx([4 / 9, 0, 1], abs=1e-12)
    assert tube_iou([one], [one], steps)[0, 0] == 0
    # Of a sparse truth with 4 annotated frames 2 are common: 1 of 3 steps.
    sparse = annotated_at(truth, 0, 3, 6, 9)
    assert tube_iou([half], [sparse], steps)[0, 0] == pytest.approx(1 / 3, abs=1e-12)


def test_tubes_that_follow_each_other_do_not_overlap():
    first, second = still_tube([0, 0, 9, 9], 0, 5), still_tube([0, 0, 9, 9], 5, 5)
    for spatial_only in (False, True):
        assert tube_iou([first], [second], OverlapRule(spatial_only=spatial_only))[0, 0] == 0


def test_short_tube_within_a_long_one_is_divided_by_the_long_one():
    # Frames 10..14 of 0..19: 5 common, 20 in the union.
    overlap = tube_iou([still_tube([0, 0, 8, 8], 10, 5)], [still_tube([0, 0, 8, 8], 0, 20)], CONTINUOUS)
    assert overlap[0, 0] == pytest.approx(0.25, abs=1e-12)


def test_empty_boxes_overlap_nothing_unless_pixels_have_a_width():
    point = still_tube([3, 3, 3, 3])
    assert tube_iou([point], [point], CONTINUOUS)[0, 0] == 0
    assert tube_iou([point], [point], PIXELS)[0, 0] == 1


@pytest.mark.parametrize(("num_detections", "num_truths"), [(0, 2), (3, 0), (0, 0)])
def test_no_tubes_give_an_empty_matrix(num_detections, num_truths):
    tube = still_tube([0, 0, 5, 5])
    assert tube_iou([tube] * num_detections, [tube] * num_truths, CONTINUOUS).shape == (num_detections, num_truths)


@pytest.mark.parametrize("offsets", [(0, 0), (1, 1), (1, 0)])
@pytest.mark.parametrize("single_frame_counts", [True, False])
@pytest.mark.parametrize(("spatial_only", "counts_steps"), [(True, False), (False, False), (False, True)])
def test_matrix_equals_the_definition_frame_by_frame(rng, offsets, single_frame_counts, spatial_only, counts_steps):
    detections, truths = [random_tube(rng) for _ in range(12)], [random_tube(rng) for _ in range(5)]
    least = 2 if counts_steps or not single_frame_counts else 1
    expected = [[slow_iou(d, g, *offsets, least, spatial_only, counts_steps) for g in truths] for d in detections]
    actual = tube_iou(detections, truths, OverlapRule(*offsets, single_frame_counts, spatial_only, counts_steps))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-9)


def annotated_at(tube, *frames):
    """The tube, annotated in these of its frames, counted from its start."""
    return replace(tube, annotated=[frame in frames for frame in range(len(tube))])


def test_sparse_truth_is_averaged_over_its_annotated_frames():
    # Annotated in frames 2, 6 and 11; the detection, half of its box, is there in 6..20: (0 + 1/2 + 1/2) / 3.
    truth = annotated_at(still_tube([0, 0, 10, 10], 2, 10), 0, 4, 9)
    detection = still_tube([0, 0, 10, 5], 6, 15)
    assert tube_iou([detection], [truth], CONTINUOUS)[0, 0] == pytest.approx(1 / 3, abs=1e-12)
    # In space alone: (1/2 + 1/2) / 2.
    assert tube_iou([detection], [truth], OverlapRule(spatial_only=True))[0, 0] == pytest.approx(1 / 2, abs=1e-12)


def test_boxes_between_annotated_frames_do_not_count():
    truth = still_tube([0, 0, 10, 10], 0, 5)
    boxes = truth.boxes.copy()
    boxes[1:4] += 500  # wherever the detection is there
    detection = replace(truth, boxes=boxes)
    assert tube_iou([detection], [truth], CONTINUOUS)[0, 0] == pytest.approx(2 / 5, abs=1e-12)
    assert tube_iou([detection], [annotated_at(truth, 0, 4)], CONTINUOUS)[0, 0] == 1


def test_what_a_detection_does_outside_of_a_sparse_truth_is_not_known():
    truth, long = still_tube([0, 0, 10, 10], 5, 3), still_tube([0, 0, 10, 10], 0, 30)
    assert tube_iou([long], [truth], CONTINUOUS)[0, 0] == pytest.approx(3 / 30, abs=1e-12)
    assert tube_iou([long], [annotated_at(truth, 0, 2)], CONTINUOUS)[0, 0] == 1
    assert tube_iou([long], [annotated_at(truth, 0, 1, 2)], CONTINUOUS)[0, 0] == 1  # a full mask is sparse too
    one = annotated_at(still_tube([0, 0, 10, 10], 5, 1), 0)
    assert tube_iou([long], [one], CONTINUOUS)[0, 0] == 1
    assert tube_iou([long], [one], OverlapRule(single_frame_counts=False))[0, 0] == 0


def test_detection_between_the_annotated_frames_alone_overlaps_nothing():
    truth = annotated_at(still_tube([0, 0, 10, 10], 0, 9), 0, 8)
    for spatial_only in (False, True):
        overlap = tube_iou([still_tube([0, 0, 10, 10], 2, 5)], [truth], OverlapRule(spatial_only=spatial_only))
        assert overlap[0, 0] == 0


@pytest.mark.parametrize(
    "rule",
    [OverlapRule(), OverlapRule(1, 1, False), OverlapRule(1, 0, True, True), OverlapRule(0, 0, False, False, True)],
)
def test_sparse_truth_equals_the_definition_frame_by_frame(rng, rule):
    detections = [random_tube(rng) for _ in range(12)]
    truths = [sparsely_annotated(rng, random_tube(rng)) for _ in range(8)]
    least = 1 if rule.single_frame_counts else 2
    options = rule.detection_offset, rule.ground_truth_offset, least, rule.spatial_only, rule.counts_steps
    expected = [[slow_iou(detection, truth, *options) for truth in truths] for detection in detections]
    np.testing.assert_allclose(tube_iou(detections, truths, rule), expected, rtol=0, atol=1e-9)


def test_several_rules_at_once_give_what_each_gives_alone(rng):
    detections = [random_tube(rng) for _ in range(6)]
    truths = [sparsely_annotated(rng, random_tube(rng)), random_tube(rng)]
    rules = [OverlapRule(), OverlapRule(1, 1), OverlapRule(1, 1, False), OverlapRule(spatial_only=True)]
    together = tube_ious(detections, truths, rules)
    assert list(together) == rules
    for rule in rules:
        np.testing.assert_array_equal(together[rule], tube_iou(detections, truths, rule))


def test_overlap_does_not_depend_on_the_other_tubes_of_the_video(rng):
    detections, truths = [random_tube(rng) for _ in range(9)], [random_tube(rng) for _ in range(3)]
    together = tube_iou(detections, truths, CONTINUOUS)
    alone = [[tube_iou([detection], [truth], CONTINUOUS)[0, 0] for truth in truths] for detection in detections]
    np.testing.assert_array_equal(together, alone)


def test_negative_offset_is_refused():
    with pytest.raises(ValueError, match="0 or more, got -1"):
        OverlapRule(detection_offset=-1)


def test_overlaps_and_labels_must_agree():
    with pytest.raises(ValueError, match=r"clip: .* got \(2, 3\) and \(2,\)"):
        VideoOverlaps("clip", np.zeros((2, 3)), np.zeros(2))


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_overlap_outside_zero_to_one_is_refused(value):
    with pytest.raises(ValueError, match=r"clip: overlaps must lie in 0\.\.1"):
        VideoOverlaps("clip", np.full((1, 1), value), np.zeros(1))

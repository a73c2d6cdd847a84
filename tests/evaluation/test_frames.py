"""Frame-mAP against its definition, and what tells its protocols apart; test_peers.py has the peers' own numbers."""

from dataclasses import replace

import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.evaluation.functional import (
    FRAME_PROTOCOLS,
    FrameBoxes,
    evaluate_frame_predictions,
    frame_average_precision,
    frame_protocol,
    match_frames,
)

from .definitions import slow_frame_ap
from .scenes import random_scene, sparse_scene, still_tube

CLASSES = ("Basketball", "Diving", "Fencing")
DEFINITIONS = {
    "act": {"plus": 1, "best_unmatched": True, "envelope": False},
    "retinanet": {"plus": 0, "best_unmatched": True, "envelope": True},
    "multisports": {"plus": 0, "best_unmatched": False, "envelope": True},
    "ava": {"plus": 0, "best_unmatched": False, "envelope": True},
    "yowo": {"plus": 1, "best_unmatched": False, "envelope": True},
}


def measure(scene, name, thresholds=(0.5,), frames=None):
    rules = {name: FRAME_PROTOCOLS[name]}
    videos = [
        match_frames(FrameBoxes.from_tubes(video, tubes, scores), truth, thresholds, rules, frames and frames[video])
        for video, tubes, truth, scores in scene
    ]
    return frame_average_precision(videos, thresholds, rules)[name]


def one_video(tubes, truth, name="act", threshold=0.5, scores=None, frames=None) -> float:
    scores = np.linspace(1, 0.5, len(tubes))[:, None] if scores is None else scores
    return measure([("a", tubes, truth, scores)], name, [threshold], frames).mean[0]


def counted(scene, name) -> dict[str, set[int]]:
    """The frames that count: all of dense annotation but under AVA's protocol, else the annotated ones."""
    frames = {}
    for video, _, truth, _ in scene:
        annotated = {int(frame) for tube in truth for frame in tube.marked_frames}
        sparse = any(tube.annotated is not None for tube in truth)
        frames[video] = annotated if sparse or name == "ava" else set(range(40))
    return frames


@pytest.mark.parametrize("name", FRAME_PROTOCOLS)
@pytest.mark.parametrize("make_scene", [random_scene, sparse_scene])
def test_25_random_scenes_equal_the_definition(name, make_scene):
    for seed in range(25):
        scene = make_scene(seed)
        frames = counted(scene, name)
        expected = [
            [slow_frame_ap(scene, label, threshold, frames=frames, **DEFINITIONS[name]) for label in range(3)]
            for threshold in (0.3, 0.6)
        ]
        result = measure(scene, name, (0.3, 0.6))
        np.testing.assert_allclose(result.per_class, expected, rtol=0, atol=1e-9, err_msg=f"seed {seed}")


@pytest.mark.parametrize("name", FRAME_PROTOCOLS)
def test_order_of_the_videos_does_not_matter(name):
    for seed in range(20):
        scene = sparse_scene(seed)
        shuffled = [scene[index] for index in np.random.default_rng(seed).permutation(len(scene))]
        np.testing.assert_array_equal(measure(scene, name).per_class, measure(shuffled, name).per_class)


def test_boxes_of_a_tube_are_those_of_as_many_unlinked_boxes():
    rng = np.random.default_rng(0)
    for seed in range(20):
        linked, unlinked = [], []
        scene = [(*video, rng.random(scores.shape)) for *video, scores in random_scene(seed)]
        for video, tubes, truth, scores in scene:
            boxes = FrameBoxes.from_tubes(video, tubes, scores)
            alone = FrameBoxes.unlinked(video, boxes.frames, boxes.boxes, scores[boxes.tubes])
            linked.append(match_frames(boxes, truth, (0.4,), FRAME_PROTOCOLS))
            unlinked.append(match_frames(alone, truth, (0.4,), FRAME_PROTOCOLS))
        first, second = (frame_average_precision(videos, (0.4,), FRAME_PROTOCOLS) for videos in (linked, unlinked))
        for name in FRAME_PROTOCOLS:
            np.testing.assert_allclose(first[name].per_class, second[name].per_class, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", FRAME_PROTOCOLS)
def test_ground_truth_as_predictions_gives_one(name):
    for seed in range(20):
        scene = [
            (video, truth, truth, np.eye(3)[[tube.label for tube in truth]].reshape(-1, 3))
            for video, _, truth, _ in random_scene(seed)
        ]
        assert measure(scene, name).mean == pytest.approx([1], abs=1e-12)


@pytest.mark.parametrize(("name", "found"), [("act", 1), ("retinanet", 0), ("multisports", 0), ("ava", 0), ("yowo", 1)])
def test_pixels_that_are_added_enlarge_overlap(name, found):
    # 20 × 20 boxes shifted by 5 and 5. Continuous: 225/575 = .391. Pixels: 256/626 = .409.
    shifted, truth = still_tube([0, 0, 20, 20], num_frames=1), still_tube([5, 5, 25, 25], num_frames=1)
    assert one_video([shifted], [truth], name, 0.4) == found


@pytest.mark.parametrize("name", FRAME_PROTOCOLS)
def test_second_detection_of_a_taken_box_tries_the_next_only_under_some(name):
    # Both detections overlap the first true box best, and the second one enough.
    truths = [still_tube([0, 0, 100, 100]), still_tube([30, 0, 130, 100])]
    tubes = [still_tube([1, 0, 101, 100]), still_tube([2, 0, 102, 100])]
    both = FRAME_PROTOCOLS[name].matching == "best_unmatched"
    assert one_video(tubes, truths, name) == (1 if both else 0.5)
    assert both == (name in ("act", "retinanet"))


@pytest.mark.parametrize("name", FRAME_PROTOCOLS)
def test_a_box_in_a_frame_without_truth_is_false_but_for_ava(name):
    # A tube of 10 boxes, the first 5 of which are nowhere; then 5 of 5 are found. Places 6 to 10, or 1 to 5.
    tube, truth = still_tube([0, 0, 10, 10], 0, 10), still_tube([0, 0, 10, 10], 5, 5)
    value = one_video([tube], [truth], name)
    raw = np.mean([(found / (5 + found) + (found - 1) / (4 + found)) / 2 for found in range(1, 6)])
    assert value == pytest.approx({"ava": 1, "act": raw}.get(name, 0.5), abs=1e-12)


def test_keyframes_are_the_frames_that_count():
    # Keyframes 0, 5, 10; the truth is there at 5 alone: a box in 0 and 10 is false, those between are not looked at.
    tube, truth = still_tube([0, 0, 10, 10], 0, 12), still_tube([0, 0, 10, 10], 5, 1)
    frames = {"a": np.array([0, 5, 10])}
    assert one_video([tube], [truth], "ava", frames=frames) == 0.5  # found in the second of three
    assert one_video([tube], [truth], "ava") == 1
    other = still_tube([0, 0, 10, 10], 20, 1)  # true, but in no keyframe
    assert one_video([tube], [truth, other], "ava", frames=frames) == 0.5


def test_frames_without_annotation_do_not_exist_in_sparse_videos():
    truth = replace(still_tube([0, 0, 10, 10], 0, 9), annotated=np.arange(9) % 4 == 0)
    boxes = truth.boxes.copy()
    boxes[[1, 2, 3, 5, 6, 7]] += 500
    tube = replace(truth, boxes=boxes, annotated=None)
    for name in FRAME_PROTOCOLS:
        assert one_video([tube], [truth], name) == 1


def test_a_person_may_show_several_actions():
    truth = [still_tube([0, 0, 10, 10], 0, 1, label=label) for label in (0, 2)]
    scene = [("a", [still_tube([0, 0, 10, 10], 0, 1)], truth, np.array([[0.9, 0.8, 0.1]]))]
    for name in FRAME_PROTOCOLS:
        np.testing.assert_array_equal(measure(scene, name).per_class, [[1, np.nan, 1]])


def test_the_best_detections_of_a_frame_may_count_alone():
    # Frame 0: .9 and .8 of the first box, .7 of the second; frame 1 has one box.
    scores = np.array([[0.9, 0.8], [0.7, -np.inf]])
    boxes = FrameBoxes.from_tubes("a", [still_tube([0, 0, 9, 9], 0, 2), still_tube([9, 9, 20, 20], 0, 1)], scores)
    best = boxes.best_of_frames(2)
    np.testing.assert_array_equal(best.scores, [[0.9, 0.8], [0.9, 0.8], [-np.inf, -np.inf]])
    np.testing.assert_array_equal(boxes.best_of_frames(1).scores, [[0.9, -np.inf]] * 2 + [[-np.inf, -np.inf]])
    assert best.frames.tolist() == [0, 1, 0]
    with pytest.raises(InputError, match="limit must be 1 or more"):
        boxes.best_of_frames(0)


def predicted(video="a", num_frames=10, label=0):
    return FrameBoxes.from_tubes(video, [still_tube([0, 0, 10, 10], 0, num_frames)], np.eye(3)[[label]])


def test_numbers_and_table_of_streamed_predictions():
    # Of 20 true boxes in two videos 10 are found, and nothing false before them.
    truth = still_tube([0, 0, 10, 10])
    numbers, table = evaluate_frame_predictions([predicted()], {"a": [truth], "b": [truth], "c": []}, CLASSES)
    assert numbers == {"frame_mAP@0.5": 0.5, "frame_AP@0.5/Basketball": 0.5}
    assert table == [{"class": "Basketball", "num_ground_truth": 20, "AP@0.5": 0.5, "recall@0.5": 0.5}]


def test_excluded_classes_are_left_out():
    truth = [still_tube([0, 0, 10, 10]), still_tube([50, 0, 60, 10], label=1)]
    numbers, _ = evaluate_frame_predictions([predicted()], {"a": truth}, CLASSES, excluded_classes=["Diving"])
    assert numbers == {"frame_mAP@0.5": 1, "frame_AP@0.5/Basketball": 1}


@pytest.mark.parametrize(
    ("predictions", "options", "message"),
    [
        ([predicted("stray")], {}, "stray: predicted, but not one of the 1 videos"),
        ([predicted(), predicted()], {}, "1 occur more than once, the first is 'a'"),
        ([predicted()], {"frames": {}}, "a: not in 'frames'"),
        ([predicted()], {"thresholds": [50]}, "0 < threshold <= 1"),
        ([predicted()], {"protocol": "coco"}, "unknown protocol of frames 'coco': choose one of act, ava, mult"),
        ([predicted()], {"excluded_classes": ["Golf"]}, "Golf: none of the classes Basketball, Diving, Fencing"),
        ([predicted()], {"excluded_classes": ["Basketball"]}, "not one true box in a frame that counts"),
        ([FrameBoxes.unlinked("a", [0], [[0, 0, 9, 9]], [[1.0]])], {}, "a: 3 classes need as many scores, got 1"),
    ],
)
def test_wrong_predictions_are_errors(predictions, options, message):
    with pytest.raises(InputError, match=message):
        evaluate_frame_predictions(predictions, {"a": [still_tube([0, 0, 10, 10])]}, CLASSES, **options)


def test_true_label_outside_the_classes_is_an_error():
    with pytest.raises(InputError, match="a: a true tube has the label 3"):
        evaluate_frame_predictions([predicted()], {"a": [still_tube([0, 0, 10, 10], label=3)]}, CLASSES)


def test_videos_with_different_classes_are_an_error():
    truth = [still_tube([0, 0, 10, 10])]
    videos = [
        match_frames(FrameBoxes.from_tubes(name, truth, np.ones((1, count))), truth, (0.5,), FRAME_PROTOCOLS)
        for name, count in (("a", 1), ("b", 2))
    ]
    with pytest.raises(InputError, match="the same number of classes"):
        frame_average_precision(videos, (0.5,), FRAME_PROTOCOLS)


BOX = [0, 0, 9, 9]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (([0, 1], [BOX], [0], [[1.0]]), "a: 1 boxes need a frame and a tube each"),
        (([0], [BOX], [1], [[1.0]]), "a: scores of 1 tubes, but boxes of the tubes 1 to 1"),
        (([0, 0], [BOX, BOX], [0, 0], [[1.0]]), "a: boxes must be ordered by tube, those of a tube by frame, one a"),
        (([0, 1], [BOX, BOX], [1, 0], [[1.0], [1.0]]), "a: boxes must be ordered by tube"),
        (([0], [BOX], [0], [[np.nan]]), r"a: the score of tube 0 for class 0 is NaN"),
    ],
)
def test_boxes_that_do_not_fit_are_errors(arrays, message):
    with pytest.raises(InputError, match=message):
        FrameBoxes("a", *arrays)


def test_boxes_that_are_not_finite_name_the_video():
    with pytest.raises(ValueError, match=r"a: boxes\[0\] = .*expected finite"):
        FrameBoxes.unlinked("a", [0], [[0, 0, np.nan, 9]], [[1.0]])
    with pytest.raises(InputError, match="a: 1 tubes need scores"):
        FrameBoxes.from_tubes("a", [still_tube(BOX)], np.zeros((2, 1)))


def test_unknown_protocol_is_an_error():
    with pytest.raises(InputError, match="unknown protocol of frames 'voc'"):
        frame_protocol("voc")

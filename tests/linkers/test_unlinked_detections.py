import numpy as np
import pytest

from actorsup.linkers import SiameseLinker, UnlinkedDetections
from actorsup.structures import Detections

from .test_siamese_linker import at, detections, frames


def link(found, **settings):
    return UnlinkedDetections(**settings).link(frames(len(found)), found)


def test_a_detection_stands_still_over_the_whole_video():
    (tube,) = link(detections([], [], [at(7, 0.9, label=3)], []))
    assert (tube.start, len(tube), tube.label) == (0, 4, 3)
    np.testing.assert_array_equal(tube.boxes, [[7, 0, 17, 10]] * 4)
    np.testing.assert_allclose([tube.score, *tube.scores], 0.9, rtol=1e-6)


def test_detections_of_any_frame_like_a_chosen_one_are_dropped_and_the_others_go_on_by_score():
    # Shifted by 1 of 10 pixels: IoU 9/11 = 0.82, dropped. By 2: 8/12 = 0.67, kept at 0.7.
    tubes = link(detections([at(0, 0.5), at(40, 0.3)], [at(1, 0.9), at(3, 0.4)], [at(41, 0.2)]))
    np.testing.assert_allclose([tube.score for tube in tubes], [0.9, 0.4, 0.3], rtol=1e-6)
    assert [tube.boxes[0, 0] for tube in tubes] == [1, 3, 40]


def test_a_box_at_the_threshold_is_dropped():
    found = detections([([0.0, 0.0, 20.0, 10.0], 0.9, 0)], [([0.0, 0.0, 10.0, 10.0], 0.8, 0)])
    assert len(link(found, overlap_threshold=0.5)) == 1
    assert len(link(found, overlap_threshold=0.51)) == 2


@pytest.mark.parametrize("seed", range(5))
def test_it_is_algorithm_1_with_actors_that_do_not_move(seed):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(6):
        corners = rng.uniform(-10, 100, (8, 2))
        boxes = np.concatenate([corners, corners + rng.uniform(5, 40, (8, 2))], axis=1)
        found.append(Detections(boxes, rng.uniform(0, 1, 8), rng.integers(0, 3, 8)))
    expected = SiameseLinker({"type": "StillTracker"}, max_tubes=15).link(frames(6), found)
    tubes = link(found, max_tubes=15)
    assert len(tubes) == 15
    for ours, theirs in zip(tubes, expected, strict=True):
        np.testing.assert_array_equal(ours.boxes, theirs.boxes)
        assert (ours.score, ours.label) == (theirs.score, theirs.label)


def test_the_number_of_tubes_is_limited_and_no_detection_gives_none():
    assert len(link(detections([at(20 * index, 0.5) for index in range(6)]), max_tubes=4)) == 4
    assert link(detections([], [])) == []


def test_boxes_are_cut_to_the_frame_and_what_is_outside_makes_no_tube():
    found = detections([([-3.0, 0.0, 5.0, 5.0], 0.9, 0), ([20.0, 0.0, 30.0, 5.0], 0.8, 0)])
    (tube,) = UnlinkedDetections().link(frames(1)[:, :8, :8], found)
    assert tube.boxes.tolist() == [[0, 0, 5, 5]]


def test_settings_that_mean_nothing_are_refused():
    with pytest.raises(ValueError, match=r"max_tubes >= 1 .*got 0"):
        UnlinkedDetections(max_tubes=0)
    with pytest.raises(ValueError, match=r"overlap_threshold.* and 0"):
        UnlinkedDetections(overlap_threshold=0)

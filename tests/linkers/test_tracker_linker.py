import sys

import numpy as np
import pytest
import supervision
import trackers

from actorsup.errors import InputError
from actorsup.linkers import TrackerLinker
from actorsup.registry import LINKERS
from actorsup.structures import Detections

BOTH = pytest.mark.parametrize("algorithm", ["bytetrack", "ocsort"])


def frames_of(detections):
    return np.zeros((len(detections), 100, 200, 3), np.uint8)


def walker(frame, left=0.0, speed=3.0, top=10.0):
    """A box of 20×40 pixels that moves by ``speed`` a frame."""
    x = left + speed * frame
    return [x, top, x + 20, top + 40]


def link(algorithm, detections, **options):
    linker = LINKERS.build({"type": "TrackerLinker", "algorithm": algorithm, **options})
    return linker.link(frames_of(detections), detections)


@BOTH
def test_two_that_pass_each_other_have_a_tube_each_and_the_surer_comes_first(algorithm):
    first, second = ([walker(t) for t in range(20)], [walker(t, left=120, speed=-3, top=40) for t in range(20)])
    detections = [Detections([first[t], second[t]], [0.6, 0.9], [0, 0]) for t in range(20)]
    tubes = link(algorithm, detections)
    # The first detection of a track has no track yet.
    assert [(tube.start, tube.end, tube.label) for tube in tubes] == [(1, 20, 0)] * 2
    np.testing.assert_array_equal(tubes[0].boxes, np.float32(second[1:]))
    np.testing.assert_array_equal(tubes[1].boxes, np.float32(first[1:]))
    assert [tube.score for tube in tubes] == pytest.approx([0.9, 0.6])
    np.testing.assert_allclose(tubes[0].scores, 0.9, atol=1e-6)


@BOTH
def test_a_gap_is_filled_with_straight_lines_up_to_its_limit(algorithm):
    missing = range(8, 12)
    detections = [
        Detections.empty() if t in missing else Detections([walker(t)], [0.9 if t < 8 else 0.5], [0]) for t in range(20)
    ]
    (tube,) = link(algorithm, detections, max_gap=5)
    assert (tube.start, tube.end) == (1, 20)
    np.testing.assert_allclose(tube.boxes, [walker(t) for t in range(1, 20)], atol=1e-4)
    # Between .9 in frame 7 and .5 in frame 12; the tube's score is the mean of the 7 + 8 that were detected.
    np.testing.assert_allclose(tube.scores[6:12], [0.9, 0.82, 0.74, 0.66, 0.58, 0.5], atol=1e-5)
    assert tube.score == pytest.approx((7 * 0.9 + 8 * 0.5) / 15)
    parts = link(algorithm, detections, max_gap=2)
    assert sorted((tube.start, tube.end) for tube in parts) == [(1, 8), (13, 20)]


def test_weak_detections_go_on_with_a_track_of_bytetrack_alone_and_begin_none():
    detections = [Detections([walker(t)], [0.9 if t < 10 else 0.1], [0]) for t in range(20)]
    assert [tube.end for tube in link("bytetrack", detections)] == [20]
    assert [tube.end for tube in link("ocsort", detections)] == [10]
    weak = [Detections([walker(t)], [0.1], [0]) for t in range(20)]
    assert link("bytetrack", weak) == link("ocsort", weak) == []
    assert len(link("bytetrack", weak, high_score=0.05)) == 1


@BOTH
def test_categories_are_not_mixed(algorithm):
    detections = [Detections([walker(t)], [0.9], [3 if t < 10 else 1]) for t in range(20)]
    tubes = link(algorithm, detections)
    assert sorted((tube.start, tube.end, tube.label) for tube in tubes) == [(1, 10, 3), (11, 20, 1)]


@BOTH
def test_short_tubes_and_those_beyond_the_number_are_dropped(algorithm):
    detections = [
        Detections(
            [walker(t), walker(t, top=60)][: 2 if t < 5 else 1],
            [0.9, 0.8][: 2 if t < 5 else 1],
            [0, 0][: 2 if t < 5 else 1],
        )
        for t in range(20)
    ]
    assert sorted(len(tube) for tube in link(algorithm, detections, min_length=4)) == [4, 19]
    assert [len(tube) for tube in link(algorithm, detections, min_length=5)] == [19]
    assert [len(tube) for tube in link(algorithm, detections, min_length=1, max_tubes=1)] == [19]
    assert link(algorithm, [Detections.empty()] * 3) == []


@BOTH
def test_tracks_are_those_of_the_library(algorithm, rng):
    detections = [
        Detections(
            np.array([walker(t, 20 * k, 2, 10 * k) for k in range(4)]) + rng.normal(0, 2, (4, 4)),
            rng.uniform(0.2, 1, 4),
            [0] * 4,
        )
        for t in range(30)
    ]
    own = {"bytetrack": trackers.ByteTrackTracker, "ocsort": trackers.OCSORTTracker}[algorithm](
        lost_track_buffer=30,
        minimum_consecutive_frames=1,
        minimum_iou_threshold=0.2,
        high_conf_det_threshold=0.3,
        **({"track_activation_threshold": 0.3} if algorithm == "bytetrack" else {}),
    )
    expected = {}
    for t, found in enumerate(detections):
        tracked = own.update(supervision.Detections(found.boxes.copy(), confidence=found.scores.copy()))
        for box, track in zip(tracked.xyxy, tracked.tracker_id, strict=True):
            if track >= 0:
                expected.setdefault(track, {})[t] = box
    tubes = link(algorithm, detections, min_length=1)
    assert len(tubes) == len(expected) > 0
    for track in expected.values():
        (tube,) = [tube for tube in tubes if tube.start == min(track) and (tube.boxes[0] == track[min(track)]).all()]
        assert tube.end == max(track) + 1
        for t, box in track.items():
            np.testing.assert_allclose(tube.boxes[t - tube.start], box, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"algorithm": "deepsort"}, "one of bytetrack, ocsort, got 'deepsort'"),
        ({"algorithm": "ocsort", "max_tubes": 0}, "expected max_tubes >= 1"),
        ({"algorithm": "ocsort", "min_length": 0}, "min_length >= 1"),
        ({"algorithm": "ocsort", "max_gap": -1}, "max_gap >= 0"),
        ({"algorithm": "ocsort", "min_overlap": 2}, "min_overlap <= 1"),
    ],
)
def test_wrong_settings_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        TrackerLinker(**options)


def test_wrong_lengths_and_a_missing_package_are_named(monkeypatch):
    with pytest.raises(ValueError, match="2 frames, 1 Detections"):
        TrackerLinker("ocsort").link(np.zeros((2, 4, 4, 3), np.uint8), [Detections.empty()])
    monkeypatch.setitem(sys.modules, "trackers", None)
    with pytest.raises(InputError, match=r"pip install 'actorsup\[trackers\]'"):
        TrackerLinker("bytetrack")

from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.evaluation.functional import (
    FALSE_REASONS,
    MISSED_REASONS,
    PROTOCOLS,
    DiagnosedVideo,
    ScoredVideo,
    VideoOverlaps,
    diagnose,
)

from .definitions import slow_iou
from .diagnosis_definition import SlowDiagnosis
from .scenes import near, random_scene, sparse_scene, still_tube

ACT = PROTOCOLS["act"]
TRUTH = still_tube([0, 0, 100, 100], num_frames=10)
FAR = still_tube([300, 300, 400, 400], num_frames=10)
HALF = still_tube([0, 0, 100, 40], num_frames=10)  # overlap .4
SHORT = still_tube([0, 0, 100, 100], num_frames=4)  # .4 for its time

DEFINITIONS = {
    "act": (
        partial(slow_iou, plus_detection=1, plus_truth=1),
        {"strict": False, "best_unmatched": True},
        False,
    ),
    "voc": (
        partial(slow_iou, plus_detection=1, least_common_frames=2),
        {"strict": True, "best_unmatched": True},
        True,
    ),
    "multisports": (
        partial(slow_iou, least_common_frames=2, steps=True),
        {"strict": False, "best_unmatched": False},
        True,
    ),
}


def diagnosed(video, tubes, truth, scores, protocol=ACT) -> DiagnosedVideo:
    rule, in_space = protocol.overlap, replace(protocol.overlap, spatial_only=True)
    scores = np.asarray(scores, dtype=float)
    measured = VideoOverlaps.under_rules(video, tubes, truth, [rule, in_space])
    return DiagnosedVideo(ScoredVideo(measured[rule], scores), measured[in_space].iou, scores.argmax(axis=1))


def of_class(label: int, tube=TRUTH):
    return replace(tube, label=label)


def only(counts) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def nothing(video="other", num_classes=2):
    """A video without tubes, whose true tube is never proposed."""
    return diagnosed(video, [], [of_class(0)], np.zeros((0, num_classes)))


@pytest.mark.parametrize(
    ("tubes", "scores", "reason"),
    [
        ([TRUTH], [[0.9, 0.1]], "found"),
        ([SHORT], [[0.9, 0.1]], "wrong_time"),
        ([HALF], [[0.9, 0.1]], "poor_overlap"),
        ([FAR], [[0.9, 0.1]], "not_proposed"),
        ([], np.zeros((0, 2)), "not_proposed"),
        ([FAR, TRUTH], [[0.8, 0.2], [0.3, 0.7]], "classified_wrongly"),
        ([FAR, TRUTH], [[0.9, 0.1], [0.8, 0.2]], "ranked_low"),
        ([TRUTH], [[-np.inf, -np.inf]], "unmatched"),
        ([SHORT, HALF], [[0.9, 0.1]] * 2, "wrong_time"),  # the first that applies
    ],
)
def test_reason_why_a_true_tube_is_missed(tubes, scores, reason):
    result = diagnose([diagnosed("a", tubes, [of_class(0)], scores)], 0.5, ACT)
    assert only(result.num_missed) == {reason: 1}
    assert result.videos["a"]["true_tubes"][0]["reason"] == reason


def test_true_tube_whose_only_tube_matches_another_is_unmatched():
    near = still_tube([10, 0, 110, 100], num_frames=10)
    result = diagnose([diagnosed("a", [TRUTH], [TRUTH, near], [[0.9]])], 0.5, ACT)
    assert only(result.num_missed) == {"found": 1, "unmatched": 1}


@pytest.mark.parametrize(
    ("tube", "label", "reason", "true_tube"),
    [
        (TRUTH, 0, "duplicate", None),  # beside the same tube, which ranks first
        (SHORT, 0, "wrong_time", 0),
        (HALF, 0, "poor_overlap", 0),
        (TRUTH, 1, "wrong_class", 0),
        (SHORT, 1, "wrong_class_poor_overlap", None),
        (FAR, 0, "background", None),
        (FAR, 1, "background", None),
    ],
)
def test_reason_why_a_detection_is_false(tube, label, reason, true_tube):
    scores = np.full((2, 2), -np.inf)
    scores[0, 0], scores[1, label] = 0.9, 0.8
    class_1 = diagnosed("z", [FAR, FAR], [of_class(1)], np.full((2, 2), -np.inf))  # so that class 1 counts
    result = diagnose([diagnosed("a", [TRUTH, tube], [of_class(0)], scores), nothing(), class_1], 0.5, ACT)
    assert only(result.num_false) == {reason: 1}
    assert only(result.num_false_best) == {reason: 1}  # two best of class 0, one of class 1
    (entry,) = result.videos["a"]["false_detections"]
    rank = 2 if label == 0 else 1
    assert entry == {
        "tube": 1, "class": label, "rank": rank, "score": 0.8, "reason": reason, "true_tube": true_tube
    }  # fmt: skip


def test_better_reasons_come_first():
    # At once half of a true tube of its class and all of one of another class.
    truths = [of_class(0, still_tube([0, 0, 100, 40])), of_class(1)]
    scores = [[0.5, -np.inf]]
    result = diagnose([diagnosed("a", [TRUTH], truths, scores)], 0.5, ACT)
    assert only(result.num_false) == {"poor_overlap": 1}


def test_gains_by_hand():
    # One class, two true tubes. Far (.9), then the tube of a (.8): AP = 1/2 · (0 + 1/2) / 2 = 1/8.
    videos = [diagnosed("a", [FAR, TRUTH], [TRUTH], [[0.9], [0.8]]), diagnosed("b", [], [TRUTH], np.zeros((0, 1)))]
    result = diagnose(videos, 0.5, ACT)
    assert result.mean_average_precision == pytest.approx(1 / 8, abs=1e-12)
    assert only(result.num_missed) == {"found": 1, "not_proposed": 1}
    # Without the first: 1/2. The true tube of b found first: hit, miss, hit: 19/24.
    assert only(result.false_gains) == {
        "background": pytest.approx(1 / 2 - 1 / 8, abs=1e-12),
        "all": pytest.approx(1 / 2 - 1 / 8, abs=1e-12),
    }
    assert only(result.missed_gains) == {
        "not_proposed": pytest.approx(19 / 24 - 1 / 8, abs=1e-12),
        "all": pytest.approx(19 / 24 - 1 / 8, abs=1e-12),
    }


def test_corrected_detection_matches_its_true_tube_once():
    # Two halves (.9, .8), nothing else: AP 0; the better one corrected, the other taken out: AP 1.
    result = diagnose([diagnosed("a", [HALF, HALF], [TRUTH], [[0.9], [0.8]])], 0.5, ACT)
    assert result.mean_average_precision == 0
    assert only(result.false_gains) == {"poor_overlap": 1}


def test_corrected_class_counts_where_it_belongs_if_it_ranks_higher():
    # The tube is right for class 0 (.2), but has .9 for class 1; far tubes of class 0 (.5) and 1 (.95) go first.
    # AP of class 0: miss, hit: 1/4. Of class 1: two misses: 0. Corrected: hit (.9), miss: 1; class 1 stays 0.
    scores = [[0.2, 0.9], [0.5, 0.95]]
    videos = [
        diagnosed("a", [TRUTH, FAR], [of_class(0)], scores),
        diagnosed("b", [], [of_class(1)], np.zeros((0, 2))),
    ]
    result = diagnose(videos, 0.5, ACT)
    assert result.mean_average_precision == pytest.approx(1 / 8, abs=1e-12)
    assert result.num_missed["classified_wrongly"] == 1
    assert result.false_gains["wrong_class"] == pytest.approx(1 / 2 - 1 / 8, abs=1e-12)
    # With a lower score than the match, the correction leaves that alone.
    lower = [diagnosed("a", [TRUTH, FAR], [of_class(0)], [[0.2, 0.1], [0.5, 0.95]]), videos[1]]
    assert diagnose(lower, 0.5, ACT).false_gains["wrong_class"] == 0


def test_without_errors_there_is_nothing_to_gain():
    scene = [diagnosed(name, [TRUTH], [TRUTH], [[0.5]]) for name in "abc"]
    result = diagnose(scene, 0.5, ACT)
    assert result.mean_average_precision == 1
    assert only(result.num_missed) == {"found": 3}
    assert not only(result.num_false)
    assert not only(result.missed_gains) | only(result.false_gains)


def crowded_scene(seed):
    """A scene in which a true tube may have a twin of its class, so that tubes are contested."""
    rng = np.random.default_rng(seed)
    scene = sparse_scene(seed) if seed % 2 else random_scene(seed)
    return [
        (name, tubes, [*truth, *(replace(near(rng, one), label=one.label) for one in truth[:1])], scores)
        for name, tubes, truth, scores in scene
    ]


@pytest.mark.parametrize("name", DEFINITIONS)
def test_200_random_scenes_equal_the_definition(name):
    overlap, rules, envelope = DEFINITIONS[name]
    seen = Counter()
    for seed in range(200):
        scene = crowded_scene(seed)
        slow = SlowDiagnosis(scene, 0.4, 0.15, overlap, partial(overlap, spatial_only=True), rules, envelope)
        fast = diagnose([diagnosed(*video, PROTOCOLS[name]) for video in scene], 0.4, PROTOCOLS[name], 0.15)
        assert fast.mean_average_precision == pytest.approx(slow.mean(), abs=1e-9)
        for (video, index), reason in slow.missed.items():
            assert fast.videos[video]["true_tubes"][index]["reason"] == reason, f"seed {seed}, {video}, {index}"
        assert {key: value for key, value in fast.num_missed.items() if value} == Counter(slow.missed.values())
        assert only(fast.num_false) == Counter(reason for reason, _ in slow.false.values())
        for reason in MISSED_REASONS:
            expected = slow.if_found([reason]) - slow.mean()
            assert fast.missed_gains[reason] == pytest.approx(expected, abs=1e-9), f"seed {seed}, {reason}"
        assert fast.missed_gains["all"] == pytest.approx(slow.if_found(MISSED_REASONS) - slow.mean(), abs=1e-9)
        for reason in FALSE_REASONS:
            expected = slow.if_corrected(reason) - slow.mean()
            assert fast.false_gains[reason] == pytest.approx(expected, abs=1e-9), f"seed {seed}, {reason}"
            assert fast.false_gains[reason] >= -1e-12
        without = slow.mean(lambda label, detection: detection[3] is not None)
        assert fast.false_gains["all"] == pytest.approx(without - slow.mean(), abs=1e-9)
        seen.update(f"missed: {reason}" for reason in slow.missed.values())
        seen.update(f"false: {reason}" for reason, _ in slow.false.values())
    assert len(seen) == len(MISSED_REASONS) + 1 + len(FALSE_REASONS), f"the scenes lack a reason: {seen}"


def test_every_error_of_the_best_detections_is_listed_with_its_video():
    scene = [diagnosed(*video) for video in random_scene(5)]
    result = diagnose(scene, 0.4, ACT)
    entries = [entry for video in result.videos.values() for entry in video["false_detections"]]
    assert only(Counter(entry["reason"] for entry in entries)) == only(result.num_false_best)
    trues = [entry for video in result.videos.values() for entry in video["true_tubes"]]
    assert only(Counter(entry["reason"] for entry in trues)) == only(result.num_missed)
    assert list(result.videos) == sorted(video.scored.overlaps.video for video in scene)


def test_order_of_the_videos_does_not_matter():
    scene = [diagnosed(*video) for video in random_scene(7)]
    first, second = diagnose(scene, 0.4, ACT), diagnose(scene[::-1], 0.4, ACT)
    assert first.videos == second.videos
    assert first.missed_table() == second.missed_table()
    assert first.false_table() == second.false_table()


def test_tables_have_a_row_a_reason_and_their_sum():
    videos = [diagnosed("a", [FAR, TRUTH], [TRUTH], [[0.9], [0.8]]), diagnosed("b", [], [TRUTH], np.zeros((0, 1)))]
    result = diagnose(videos, 0.5, ACT)
    missed, false = result.missed_table(), result.false_table()
    assert [row["true tubes"] for row in missed] == ["found", *MISSED_REASONS, "all missed"]
    assert missed[-1] == {
        "true tubes": "all missed", "number": 1, "share": 0.5, "mAP gain": pytest.approx(19 / 24 - 1 / 8)
    }  # fmt: skip
    assert [row["false detections"] for row in false] == [*FALSE_REASONS, "all"]
    assert false[-1] == {
        "false detections": "all", "number": 1, "among the best": 1, "mAP gain": pytest.approx(1 / 2 - 1 / 8)
    }  # fmt: skip


def test_background_above_the_threshold_is_an_error():
    with pytest.raises(InputError, match=r"0 < background <= threshold = 0\.5, got 0\.6"):
        diagnose([nothing()], 0.5, ACT, background=0.6)


def test_video_given_twice_is_an_error():
    with pytest.raises(InputError, match="the first is 'other'"):
        diagnose([nothing(), nothing()], 0.5, ACT)


def test_overlaps_of_other_tubes_are_refused():
    video = nothing()
    with pytest.raises(ValueError, match=r"other: 0 tubes and 1 true tubes need .* got \(1, 1\) and \(0,\)"):
        replace(video, spatial_iou=np.zeros((1, 1)))

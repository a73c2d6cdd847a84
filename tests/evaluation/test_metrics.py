import pickle
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator

from actorsup.errors import InputError
from actorsup.evaluation.functional import PROTOCOLS, ScoredVideo, VideoOverlaps, localization_accuracy
from actorsup.evaluation.metrics import (
    FrameMAP,
    LocalizationGivenLabel,
    PredictedVideos,
    ProposalRecall,
    TubeDiagnosis,
    TubeMAP,
    VideoAccuracy,
    VideoLabelMAP,
    summary_text,
)
from actorsup.registry import METRICS
from actorsup.structures import OverlapRule, RankedTubes, VideoSample, tube_ious

from .scenes import random_scene, still_tube

OF_TUBES = ("ProposalRecall", "TubeMAP", "FrameMAP", "LocalizationGivenLabel", "TubeDiagnosis")
MEASURES = (*OF_TUBES, "VideoAccuracy", "VideoLabelMAP")
METRIC_NAMES = (*MEASURES, "PredictedVideos")
CLASSES = ("Basketball", "Diving", "Fencing")
TRUTH = still_tube([0, 0, 10, 10], label=0)
HALF = still_tube([0, 0, 10, 5])  # half of the true boxes


def sample(video="a", proposals=(TRUTH,), ground_truth=(TRUTH,), tube_scores=None, video_scores=None, labels=(0,)):
    num_tubes = len(proposals)
    return VideoSample(
        video=video,
        frame_indices=np.arange(2),
        tubes=torch.zeros(num_tubes, 2, 4),
        frame_mask=torch.ones(num_tubes, 2, dtype=torch.bool),
        labels=labels,
        proposals=tuple(proposals),
        ground_truth=tuple(ground_truth),
        tube_scores=np.ones((num_tubes, 3), np.float32) if tube_scores is None else tube_scores,
        video_scores=np.eye(3, dtype=np.float32)[0] if video_scores is None else video_scores,
    )


def built(name: str, **options):
    metric = METRICS.build({"type": name, **options})
    metric.dataset_meta = {"classes": CLASSES}
    return metric


def evaluate(metric, samples) -> dict[str, float]:
    for one in samples:
        metric.process(None, [one])
    return metric.evaluate(len(samples))


def test_recall_metric_by_hand():
    # Video a: overlap 1; video b: half of the box, .5; video c: no proposal, 0. MABO of the one class: 1.5/3.
    samples = [sample("a"), sample("b", [HALF]), sample("c", [], tube_scores=np.zeros((0, 3)))]
    numbers = evaluate(built("ProposalRecall", thresholds=(0.5,)), samples)
    assert numbers == {
        "recall@0.5": pytest.approx(2 / 3),
        "recall@0.5_per_class": pytest.approx(2 / 3),
        "recall@0.5_strict": pytest.approx(1 / 3),
        "recall@0.5_per_class_strict": pytest.approx(1 / 3),
        "mabo": pytest.approx(0.5),
        "num_proposals": pytest.approx(2 / 3),
    }


def test_map_metric_by_hand():
    # Basketball, two true tubes. By score: the tube of b (.9) misses at .8, the tube of a (.6) hits: 1/2·(0+1/2)/2.
    samples = [
        sample("a", tube_scores=np.float32([[0.6, 0, 0]])),
        sample("b", [HALF], tube_scores=np.float32([[0.9, 0, 0]])),
    ]
    numbers = evaluate(built("TubeMAP", thresholds=(0.2, 0.8), other_protocols=()), samples)
    # With the pixel that is added the tube of b overlaps by 6/11 = .545: it hits at .5 alone of .5 to .95.
    of_range = pytest.approx((1 + 9 / 8) / 10)
    assert numbers == {
        "mAP@0.2": 1,
        "AP@0.2/Basketball": 1,
        "mAP@0.8": pytest.approx(1 / 8),
        "AP@0.8/Basketball": pytest.approx(1 / 8),
        "mAP@0.5:0.95": of_range,
        "AP@0.5:0.95/Basketball": of_range,
    }


def test_frame_map_metric_by_hand():
    # Two tubes of ten boxes, two true ones: the boxes of b (.9) overlap by .545, those of a (.6) are exact.
    samples = [
        sample("a", tube_scores=np.float32([[0.6, 0, 0]])),
        sample("b", [HALF], tube_scores=np.float32([[0.9, 0, 0]])),
    ]
    metric = built("FrameMAP", thresholds=(0.5, 0.6), other_protocols=("multisports", "ava"))
    numbers = evaluate(metric, samples)
    places = np.arange(11, 21)
    raw = sum((found / at + (found - 1) / (at - 1)) / 2 for found, at in enumerate(places, 1)) / 20
    assert numbers == {
        "frame_mAP@0.5": 1,
        "frame_AP@0.5/Basketball": 1,
        "frame_mAP@0.6": pytest.approx(raw),
        "frame_AP@0.6/Basketball": pytest.approx(raw),
        "frame_mAP@0.5/multisports": 1,  # .5 without pixels
        "frame_mAP@0.6/multisports": pytest.approx(0.25),
        "frame_mAP@0.5/ava": 1,
        "frame_mAP@0.6/ava": pytest.approx(0.25),
    }
    assert list(metric.report.tables) == ["frame mAP by protocol", "frame AP by class, act"]
    assert metric.report.shown == numbers.keys()


def test_summary_is_lines_in_percent_and_a_row_for_latex():
    # By MultiSports' time 5 of 10 frames are 4/9.
    samples = [sample("a", [still_tube([0, 0, 10, 10], num_frames=5)])]
    metrics = built("TubeMAP", protocol="multisports"), built("FrameMAP")
    for metric in metrics:
        evaluate(metric, samples)
    assert summary_text([row for metric in metrics for row in metric.report.summary]).splitlines() == [
        "video mAP  multisports @[ IoU=0.2       ] = 100.0",
        "video mAP  multisports @[ IoU=0.5       ] =   0.0",
        "video mAP  multisports @[ IoU=0.75      ] =   0.0",
        "video mAP  multisports @[ IoU=0.05:0.45 ] =  88.9",
        "video mAP  multisports @[ IoU=0.1:0.9   ] =  44.4",
        "video mAP  multisports @[ IoU=0.5:0.95  ] =   0.0",
        "frame mAP  act         @[ IoU=0.5       ] =  50.0",
        "100.0 & 0.0 & 0.0 & 88.9 & 44.4 & 0.0 & 50.0",
    ]
    assert summary_text([]) == ""


@pytest.mark.parametrize("name", ["TubeMAP", "FrameMAP", "TubeDiagnosis"])
def test_excluded_classes_are_left_out_of_the_metrics(name):
    other = still_tube([50, 50, 60, 60], label=1)
    samples = [sample("a", [TRUTH], [TRUTH, other])]
    whole, part = built(name), built(name, excluded_classes=("Diving",))
    numbers, fewer = evaluate(whole, samples), evaluate(part, samples)
    if name == "TubeDiagnosis":
        assert (numbers["missed@0.5/not_proposed"], fewer["missed@0.5/not_proposed"]) == (0.5, 0)
    else:
        key = {"TubeMAP": "mAP@0.5", "FrameMAP": "frame_mAP@0.5"}[name]
        assert (numbers[key], fewer[key]) == (0.5, 1)
        assert [row["class"] for row in list(part.report.tables.values())[1]] == ["Basketball"]
    with pytest.raises(InputError, match="excluded_classes: Golf: none of the classes"):
        evaluate(built(name, excluded_classes=("Golf",)), samples)


def test_suppressed_tubes_are_left_out_of_map_and_diagnosis():
    # Hit, its duplicate: the raw precision after the hit does not matter, the false detection does.
    tubes = [TRUTH, still_tube([0, 0, 10, 9])]
    samples = [sample("a", tubes, tube_scores=np.float32([[0.9, 0, 0], [0.8, 0, 0]])), sample("b", [], ())]
    samples[1] = replace(samples[1], tube_scores=np.zeros((0, 3)))
    kept = built("TubeDiagnosis"), built("TubeDiagnosis", nms=0.3)
    for metric in kept:
        evaluate(metric, samples)
    assert [metric.diagnosis.num_false["duplicate"] for metric in kept] == [1, 0]
    first = still_tube([0, 0, 10, 9])
    samples[0] = sample("a", [first, TRUTH], tube_scores=np.float32([[0.9, 0, 0], [0.8, 0, 0]]))
    assert evaluate(built("TubeMAP", thresholds=(0.95,)), samples)["mAP@0.95"] == pytest.approx(0.25)
    assert evaluate(built("TubeMAP", thresholds=(0.95,), nms=0.3), samples)["mAP@0.95"] == 0


def test_map_metric_counts_the_best_tubes_of_each_video():
    # All: a miss, then the hit: 1·(0+1/2)/2; the best alone: the miss.
    two = sample("a", [still_tube([50, 50, 60, 60]), TRUTH], tube_scores=np.float32([[0.9, 0, 0], [0.5, 0, 0]]))
    assert evaluate(built("TubeMAP", thresholds=(0.5,)), [two])["mAP@0.5"] == pytest.approx(1 / 4)
    assert evaluate(built("TubeMAP", thresholds=(0.5,), max_per_class=1), [two])["mAP@0.5"] == 0


def test_map_metric_names_the_chosen_protocol_and_shows_the_others_beside_it():
    # 20 × 20 boxes shifted by 5 and 5: .391 as continuous boxes, .409 as pixels; .366 with a pixel for the detection
    # alone, which grows away from the truth: 225 / (400 + 441 − 225).
    samples = [sample("a", [still_tube([5, 5, 25, 25])], [still_tube([0, 0, 20, 20])])]
    metric = built("TubeMAP", thresholds=(0.4,), protocol="multisports")
    numbers = evaluate(metric, samples)
    expected = {
        "mAP@0.4": 0,
        "mAP@0.4/act": 1,
        "mAP@0.4/voc": 0,
        "mAP@0.4/yowo": pytest.approx(1, abs=2e-5),
        "mAP@0.4/spatial": 1,
        "AP@0.4/Basketball": 0,
    }
    assert {name: value for name, value in numbers.items() if ":" not in name} == expected
    # Overlap .391: 7 of the 9 thresholds of .05 to .45, 3 of .1 to .9; with pixels .409: 8 and 4.
    assert [numbers[f"mAP@{name}"] for name in ("0.05:0.45", "0.1:0.9", "0.5:0.95")] == pytest.approx([7 / 9, 3 / 9, 0])
    assert [numbers[f"mAP@{name}/act"] for name in ("0.05:0.45", "0.1:0.9")] == pytest.approx([8 / 9, 4 / 9])
    by_protocol, by_class = metric.report.tables.values()
    assert list(by_protocol[0].items())[:2] == [("IoU", "0.4"), ("multisports", 0)]
    assert by_protocol[0]["act"] == 1
    assert [list(row.items())[:3] for row in by_class] == [
        [("class", "Basketball"), ("num_ground_truth", 1), ("AP@0.4", 0)]
    ]
    assert metric.report.shown == numbers.keys()


@pytest.mark.parametrize(
    ("name", "number", "of_proposals", "of_processed"),
    [
        ("TubeMAP", "mAP@0.5", 0.25, 1),  # a miss, then the hit
        ("LocalizationGivenLabel", "localization@0.5", 0, 1),
        ("TubeDiagnosis", "false_gain@0.5/all", 0.75, 0),
        ("ProposalRecall", "num_proposals", 2, 2),
    ],
)
def test_post_processed_tubes_are_measured_instead_of_the_proposals(name, number, of_proposals, of_processed):
    far = still_tube([50, 50, 60, 60])
    before = sample("a", [far, TRUTH], tube_scores=np.array([[0.9, 0, 0], [0.8, 0, 0]]))
    kept = RankedTubes((TRUTH,), np.array([[0.8, -np.inf, -np.inf]]), np.array([1]))
    assert evaluate(built(name), [before])[number] == of_proposals
    assert evaluate(built(name), [replace(before, processed=kept)])[number] == of_processed


def test_diagnosis_metric_by_hand():
    # The tube of b is of class 1 for the model; among those of class 0 it is the last, after a miss and a hit in a.
    far = still_tube([50, 50, 60, 60])
    samples = [
        sample("a", [far, TRUTH], tube_scores=np.array([[0.9, 0, 0], [0.8, 0, 0]])),
        sample("b", tube_scores=np.array([[0.3, 0.7, 0]])),
    ]
    metric = built("TubeDiagnosis", threshold=0.5)
    numbers = evaluate(metric, samples)
    # Miss, hit, hit of two: 1/2·(0+1/2)/2 + 1/2·(1/2+2/3)/2 = 5/12.
    assert metric.diagnosis.mean_average_precision == pytest.approx(5 / 12)
    assert numbers["missed@0.5/classified_wrongly"] == 0.5
    assert numbers["false_gain@0.5/background"] == pytest.approx(7 / 12)
    assert numbers["missed_gain@0.5/classified_wrongly"] == pytest.approx(19 / 24 - 5 / 12)  # hit, miss, hit
    assert metric.report.shown == numbers.keys()
    assert len(metric.report.tables) == 2
    assert metric.diagnosis.videos["b"]["true_tubes"] == [
        {
            "true_tube": 0,
            "class": 0,
            "reason": "classified_wrongly",
            "overlap": 1.0,
            "spatial_overlap": 1.0,
            "tube": 0,
            "predicted": 1,
            "rank": 3,
        }
    ]


def test_diagnosis_takes_the_class_of_a_tube_from_before_post_processing():
    before = sample("a", tube_scores=np.array([[0.3, 0.7, 0]]))
    cut = RankedTubes((TRUTH, TRUTH), np.array([[0.3, -np.inf, 0], [-np.inf, 0.7, 0]]), np.array([0, 0]))
    far = sample("b", [still_tube([50, 50, 60, 60])], [still_tube([0, 0, 10, 10])], tube_scores=np.eye(3)[[0]])
    metric = built("TubeDiagnosis")
    evaluate(metric, [replace(before, processed=cut), far, replace(far, video="c")])
    entry = metric.diagnosis.videos["a"]["true_tubes"][0]
    assert (entry["predicted"], entry["reason"]) == (1, "found")


def test_localization_metric_by_hand():
    # Of class 0: a's best tube is right, b's best covers half, c has no tube; d, without a true tube of 0, is left out.
    far = still_tube([50, 50, 60, 60])
    samples = [
        sample("a", [far, TRUTH], tube_scores=np.float32([[0.2, 0.9, 0], [0.3, 0, 0]])),
        sample("b", [TRUTH, HALF], tube_scores=np.float32([[0.2, 0, 0], [0.3, 0, 0]])),
        sample("c", [], tube_scores=np.zeros((0, 3))),
        sample("d", ground_truth=[still_tube([0, 0, 10, 10], label=2)]),
    ]
    numbers = evaluate(built("LocalizationGivenLabel", thresholds=(0.5, 0.6)), samples)
    assert numbers == {"localization@0.5": pytest.approx(2 / 3), "localization@0.6": pytest.approx(1 / 3)}


def test_localization_of_videos_whose_actions_are_shorter_than_their_proposals():
    long, short = still_tube([0, 0, 10, 10], num_frames=8), still_tube([0, 0, 10, 10], label=0, num_frames=6)
    samples = [sample("a", [long], [short]), sample("b", [short], [short]), sample("c", [], [short])]
    # Without proposals there is nothing to compare with: the video counts, and is wrong.
    for max_share, expected in ((0.75, 1 / 2), (1.0, 2 / 3), (0.7, 0)):
        metric = built("LocalizationGivenLabel", thresholds=(0.5,), max_share=max_share, prefix="untrimmed")
        assert evaluate(metric, samples) == {"untrimmed/localization@0.5": pytest.approx(expected)}
    assert evaluate(built("LocalizationGivenLabel", max_share=0.7), samples[:1]) == {}
    with pytest.raises(InputError, match="max_share must be above 0 and at most 1, got 2"):
        built("LocalizationGivenLabel", max_share=2)


def test_tube_that_is_no_detection_of_the_label_localizes_nothing():
    samples = [sample("a", tube_scores=np.array([[-np.inf, 1, 1]]))]
    assert evaluate(built("LocalizationGivenLabel", thresholds=(0.5,)), samples) == {"localization@0.5": 0}


def test_localization_is_strict_where_the_protocol_is():
    # 5 of 10 frames and, once a pixel is added to the detection, exact boxes.
    samples = [sample("a", [still_tube([0, 0, 9, 9], num_frames=5)])]
    for threshold, expected in ((0.5, 0), (0.4999, 1)):
        metric = built("LocalizationGivenLabel", thresholds=(threshold,), protocol="voc")
        assert evaluate(metric, samples) == {f"localization@{threshold}": expected}
    exact = [sample("a", [still_tube([0, 0, 10, 10], num_frames=5)])]
    assert evaluate(built("LocalizationGivenLabel", thresholds=(0.5,)), exact) == {"localization@0.5": 1}


def test_localization_counts_once_for_each_label_of_a_video():
    # a: of class 0 the best tube is right, of 1 it is half of a true one; b, of none, does not count; c has no true
    # tube of its class 1, and is right for 0.
    other = still_tube([50, 0, 60, 10], label=1)
    tubes = [TRUTH, still_tube([50, 0, 60, 5])]
    samples = [
        sample("a", tubes, [TRUTH, other], np.float32([[0.9, 0.2, 0], [0.1, 0.3, 0]]), labels=(0, 1)),
        sample("b", tubes, [TRUTH, other], np.float32([[0.9, 0.2, 0], [0.1, 0.3, 0]]), labels=()),
        sample("c", labels=(0, 1)),
    ]
    numbers = evaluate(built("LocalizationGivenLabel", thresholds=(0.5, 0.6)), samples)
    assert numbers == {"localization@0.5": 1, "localization@0.6": pytest.approx(2 / 3)}
    video = ScoredVideo(VideoOverlaps.from_tubes("a", tubes, [TRUTH, other], OverlapRule()), np.eye(3)[[0, 1]])
    for labels, expected in (((0, 1), 0.5), ((0,), 1), ((1,), 0)):
        assert localization_accuracy([video], [labels], [0.6], PROTOCOLS["act"]) == {"localization@0.6": expected}


def test_only_those_labels_of_a_video_count_whose_actions_are_short():
    # Class 0 lasts as long as the proposal, class 1 half of it, and is missed.
    half = still_tube([50, 0, 60, 10], label=1, num_frames=5)
    both = sample("a", [TRUTH], [TRUTH, half], labels=(0, 1))
    for max_share, expected in ((1.0, 0.5), (0.5, 0)):
        metric = built("LocalizationGivenLabel", thresholds=(0.5,), max_share=max_share)
        assert evaluate(metric, [both]) == {"localization@0.5": expected}
    assert evaluate(built("LocalizationGivenLabel", max_share=0.4), [both]) == {}
    assert evaluate(built("LocalizationGivenLabel", max_share=0.4), [replace(both, labels=())]) == {}


def test_localization_without_a_true_tube_of_any_videos_class_is_an_error():
    samples = [sample("a", ground_truth=[still_tube([0, 0, 10, 10], label=2)], labels=(0,))]
    with pytest.raises(InputError, match="none of the 1 videos has a true tube of its own class"):
        evaluate(built("LocalizationGivenLabel"), samples)


def test_accuracy_by_hand():
    right, wrong = np.float32([0.2, 0.5, 0.3]), np.float32([0.5, 0.2, 0.3])
    samples = [sample(name, video_scores=scores, labels=(1,)) for name, scores in (("a", right), ("b", wrong))]
    assert evaluate(built("VideoAccuracy"), samples) == {"accuracy": 0.5}


def test_a_video_is_right_if_its_best_class_is_one_of_its_labels_and_does_not_count_without_any():
    scores = np.float32([0.2, 0.5, 0.3])
    shown = {"a": (0, 1), "b": (0, 2), "c": (), "d": (0, 1, 2)}
    samples = [sample(name, video_scores=scores, labels=labels) for name, labels in shown.items()]
    assert evaluate(built("VideoAccuracy"), samples) == {"accuracy": pytest.approx(2 / 3)}


def of_labels(*videos) -> list[VideoSample]:
    """Samples of names, labels and scores; without scores they have no tube."""
    return [
        sample(name, labels=labels, video_scores=np.float32(scores))
        if scores
        else sample(name, (), tube_scores=np.zeros((0, 3)), labels=labels, video_scores=np.full(3, 0.5))
        for name, labels, scores in videos
    ]


def test_mean_average_precision_of_labels_by_hand():
    samples = of_labels(
        ("a", (0, 1), [0.9, 0.2, 0.1]),
        ("b", (1,), [0.8, 0.6, 0.1]),
        ("c", (0,), [0.7, 0.4, 0.1]),
        ("d", (), [0.6, 0.5, 0.9]),
        ("e", (1, 0), [0.1, 0.3, 0.1]),
    )
    metric = built("VideoLabelMAP")
    # Class 0: a b c d e, shown by a, c and e: 1, 2/3, 3/5. Class 1: b d c e a, shown by b, e and a: 1, 2/4, 3/5.
    first, second = (1 + 2 / 3 + 3 / 5) / 3, (1 + 2 / 4 + 3 / 5) / 3
    assert evaluate(metric, samples) == {"label_mAP": pytest.approx((first + second) / 2)}
    (rows,) = metric.report.tables.values()
    assert rows == [
        {"class": "Basketball", "videos": 3, "AP": pytest.approx(first)},
        {"class": "Diving", "videos": 3, "AP": pytest.approx(second)},
    ]


def test_of_equal_scores_of_videos_the_first_name_is_first_in_whatever_order_they_come():
    videos = [("b", (0,), [0.5, 0, 0]), ("a", (), [0.5, 0, 0]), ("c", (0,), [0.5, 0, 0]), ("d", (0,), [0.5, 1, 1])]
    expected = {"label_mAP": pytest.approx((1 / 2 + 2 / 3 + 3 / 4) / 3)}
    for order in (videos, videos[::-1]):
        assert evaluate(built("VideoLabelMAP"), of_labels(*order)) == expected


def test_videos_without_tubes_are_ranked_last_for_their_labels():
    # The one without tubes has the highest probability and the first name.
    videos = [("a", (0,), None), ("b", (0,), [0.4, 0, 0]), ("c", (), [0.0, 0, 0])]
    assert evaluate(built("VideoLabelMAP"), of_labels(*videos)) == {"label_mAP": pytest.approx((1 + 2 / 3) / 2)}


def test_mean_average_precision_of_labels_is_that_of_its_definition(rng):
    names = [f"v{number:02}" for number in range(40)]
    for _ in range(5):
        scores, shows = rng.integers(0, 12, (40, 3)) / 12, rng.random((40, 3)) < (0.3, 0.05, 0.6)
        labels = [tuple(np.flatnonzero(row).tolist()) for row in shows]
        samples = of_labels(*zip(names, labels, scores.tolist(), strict=True))
        precisions = []
        for label in range(3):
            ranking = sorted(range(40), key=lambda video: (-scores[video, label], names[video]))
            found = [bool(shows[video, label]) for video in ranking]
            at_hits = [sum(found[: place + 1]) / (place + 1) for place in range(40) if found[place]]
            precisions += [sum(at_hits) / len(at_hits)] if at_hits else []
        assert evaluate(built("VideoLabelMAP"), samples) == {"label_mAP": pytest.approx(np.mean(precisions))}


@pytest.mark.parametrize("label", range(3))
def test_a_video_to_which_the_model_gives_no_class_for_want_of_tubes_is_wrong(label):
    says_nothing = sample(proposals=(), tube_scores=np.zeros((0, 3)), video_scores=np.full(3, 1 / 3), labels=(label,))
    assert evaluate(built("VideoAccuracy"), [says_nothing]) == {"accuracy": 0}


def test_of_equal_highest_scores_of_a_video_with_tubes_the_first_class_counts():
    samples = [sample(name, video_scores=np.full(3, 1 / 3), labels=(label,)) for name, label in (("a", 0), ("b", 1))]
    assert evaluate(built("VideoAccuracy"), samples) == {"accuracy": 0.5}


def test_accuracy_needs_no_boxes():
    assert evaluate(built("VideoAccuracy"), [sample(proposals=(), ground_truth=())]) == {"accuracy": 1}


@pytest.mark.parametrize("name", METRIC_NAMES)
def test_results_survive_the_way_between_ranks_and_any_order(name):
    samples = [
        sample(video, tubes, truth, scores.astype(np.float32), labels=[(index % 3,), (0, 2), ()][index % 3])
        for index, (video, tubes, truth, scores) in enumerate(random_scene(3))
    ]
    alone, gathered = built(name), built(name)
    for metric, order in ((alone, samples), (gathered, samples[::-1])):
        for one in order:
            metric.process(None, [one])
    gathered.results = pickle.loads(pickle.dumps(gathered.results))
    assert alone.evaluate(len(samples)) == gathered.evaluate(len(samples))


@pytest.mark.parametrize("processed", [False, True])
def test_overlaps_of_a_rule_are_computed_once_for_all_metrics_of_an_evaluator(monkeypatch, processed):
    computed = Counter()

    def count(tubes, ground_truth, rules):
        computed.update(rules)
        return tube_ious(tubes, ground_truth, rules)

    monkeypatch.setattr("actorsup.evaluation.functional.video_overlaps.tube_ious", count)
    evaluator = Evaluator([built(name) for name in METRIC_NAMES] + [built("TubeDiagnosis", protocol="multisports")])
    ranked = RankedTubes((TRUTH,), np.ones((1, 3)), np.zeros(1, int)) if processed else None
    evaluator.process([replace(sample("a"), processed=ranked)])
    in_space = {replace(PROTOCOLS[name].overlap, spatial_only=True) for name in ("act", "multisports")}
    rules = {protocol.overlap for protocol in PROTOCOLS.values()} | in_space | {OverlapRule()}
    assert computed == Counter(rules)


@pytest.mark.parametrize("name", [name for name in MEASURES if name != "FrameMAP"])
def test_results_do_not_keep_the_tubes(name):
    long = still_tube([0, 0, 10, 10], num_frames=20_000)  # 320 kB of boxes
    metric = built(name)
    metric.process(None, [sample(proposals=[long] * 5, ground_truth=[long])])
    assert len(pickle.dumps(metric.results)) < 4_000


def test_results_of_frames_keep_three_numbers_a_true_detection():
    long = still_tube([0, 0, 10, 10], num_frames=20_000)  # 320 kB of boxes
    metric = built("FrameMAP", other_protocols=())
    metric.process(None, [sample(proposals=[long] * 5, ground_truth=[long])])
    assert len(pickle.dumps(metric.results)) < 250_000


@pytest.mark.parametrize("name", METRIC_NAMES)
def test_padding_of_distributed_samplers_is_dropped_but_a_repeated_video_is_an_error(name):
    samples = [sample("a"), sample("b"), sample("a")]
    metric = built(name)
    metric.process(None, samples)
    padded_away = metric.evaluate(2)  # the dataset has two videos
    metric.process(None, samples[:2])
    assert metric.evaluate(2) == padded_away
    metric.process(None, samples)
    with pytest.raises(InputError, match="1 occur more than once, the first is 'a'"):
        metric.evaluate(3)


@pytest.mark.parametrize("name", METRIC_NAMES)
def test_prefix_tells_two_metrics_of_one_kind_apart(name):
    assert all(key.startswith("twin/") for key in evaluate(built(name, prefix="twin"), [sample()]))


@pytest.mark.parametrize(
    "metric",
    [
        ProposalRecall(),
        TubeMAP(),
        FrameMAP(),
        VideoAccuracy(),
        VideoLabelMAP(),
        LocalizationGivenLabel(),
        TubeDiagnosis(),
    ],
)
@pytest.mark.parametrize("meta", [None, {}, {"classes": ()}])
def test_dataset_without_classes_is_an_error(metric, meta):
    metric.dataset_meta = meta
    with pytest.raises(InputError, match="metainfo must hold 'classes'"):
        metric.process(None, [sample()])


@pytest.mark.parametrize("name", OF_TUBES)
def test_true_label_outside_the_classes_is_an_error(name):
    with pytest.raises(InputError, match="odd: a true tube has the label 3"):
        built(name).process(None, [sample("odd", ground_truth=[still_tube([0, 0, 9, 9], label=3)])])


@pytest.mark.parametrize("name", OF_TUBES)
def test_no_ground_truth_at_all_is_an_error_that_says_what_to_do(name):
    with pytest.raises(InputError, match="give the evaluation split box annotation, or leave"):
        evaluate(built(name), [sample(ground_truth=())])


@pytest.mark.parametrize("scores", [np.zeros((1, 2)), np.zeros((2, 3)), np.zeros(3)])
def test_tube_scores_of_another_shape_are_an_error(scores):
    with pytest.raises(InputError, match=r"a: .* tube scores of shape \(1, 3\), the model gave"):
        built("TubeMAP").process(None, [sample(tube_scores=scores)])
    with pytest.raises(InputError, match=r"a: .* tube scores of shape \(1, 3\), the model gave"):
        built("FrameMAP").process(None, [sample(tube_scores=scores)])


def test_video_without_prediction_is_an_error():
    unpredicted = VideoSample("a", np.arange(1), torch.zeros(0, 1, 4), torch.zeros(0, 1, dtype=torch.bool), labels=(0,))
    for name in MEASURES[1:]:  # recall needs no prediction
        with pytest.raises(InputError, match="the model gave None"):
            built(name).process(None, [unpredicted])


def test_nan_scores_are_an_error():
    with pytest.raises(InputError, match="a: the score of tube 0 for class 0 is NaN"):
        built("TubeMAP").process(None, [sample(tube_scores=np.full((1, 3), np.nan))])
    for name in ("VideoAccuracy", "VideoLabelMAP"):
        with pytest.raises(InputError, match="a: a score of the video is NaN"):
            built(name).process(None, [sample(video_scores=np.full(3, np.nan))])


def test_video_scores_of_another_shape_are_an_error():
    for name in ("VideoAccuracy", "VideoLabelMAP"):
        with pytest.raises(InputError, match=r"a: .* video scores of shape \(3,\), the model gave \(4,\)"):
            built(name).process(None, [sample(video_scores=np.zeros(4))])


OF_LABELS = [("VideoAccuracy", "accuracy"), ("VideoLabelMAP", "label_mAP"), ("LocalizationGivenLabel", "localisation")]


@pytest.mark.parametrize(("name", "what"), OF_LABELS)
@pytest.mark.parametrize(("labels", "label"), [((-1,), -1), ((3,), 3), ((0, 3), 3)])
def test_measures_of_labels_without_a_usable_one_are_an_error(name, what, labels, label):
    with pytest.raises(InputError, match=f"a: {what} needs the video's label, 0 to 2, got {label}"):
        built(name).process(None, [sample(labels=labels)])


@pytest.mark.parametrize(("name", "what"), OF_LABELS)
def test_measures_of_labels_that_are_not_known_are_an_error(name, what):
    with pytest.raises(InputError, match=f"a: {what} needs the video's labels, and they are not known"):
        built(name).process(None, [sample(labels=None)])


@pytest.mark.parametrize("name", ["VideoAccuracy", "VideoLabelMAP"])
def test_measures_of_labels_of_videos_without_any_are_an_error(name):
    with pytest.raises(InputError, match="needs at least one video with a label, the evaluation dataset gave none"):
        evaluate(built(name), [sample("a", labels=()), sample("b", labels=())])


def test_label_that_a_function_is_given_outside_the_classes_is_an_error():
    rules = PROTOCOLS["act"]
    video = ScoredVideo(VideoOverlaps.from_tubes("a", [TRUTH], [TRUTH], rules.overlap), np.ones((1, 3)))
    with pytest.raises(InputError, match="a: localisation needs the video's label, 0 to 2, got 3"):
        localization_accuracy([video], [(0, 3)], [0.5], rules)


@pytest.mark.parametrize("name", ["VideoAccuracy", "VideoLabelMAP"])
def test_accuracy_of_no_videos_is_an_error(name):
    with pytest.raises(InputError, match="at least one video"):
        built(name).compute_metrics([])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ProposalRecall", {"thresholds": (0,)}),
        ("ProposalRecall", {"protocol": "act"}),
        ("TubeMAP", {"thresholds": (50,)}),
        ("TubeMAP", {"protocol": "apt"}),
        ("TubeMAP", {"other_protocols": ("apt",)}),
        ("TubeMAP", {"max_per_class": 0}),
        ("TubeMAP", {"nms": 30}),
        ("FrameMAP", {"thresholds": (0,)}),
        ("FrameMAP", {"protocol": "voc"}),
        ("FrameMAP", {"other_protocols": ("spatial",)}),
        ("TubeDiagnosis", {"nms": -1}),
        ("TubeDiagnosis", {"threshold": 0}),
        ("TubeDiagnosis", {"background": 0.6}),
        ("TubeDiagnosis", {"protocol": "apt"}),
        ("TubeDiagnosis", {"max_per_class": 0}),
        ("LocalizationGivenLabel", {"thresholds": (0,)}),
        ("LocalizationGivenLabel", {"protocol": "apt"}),
    ],
)
def test_wrong_option_is_an_error_before_anything_runs(name, options):
    with pytest.raises(InputError):
        built(name, **options)


def predictions_of(samples, **options) -> list[dict]:
    metric = built("PredictedVideos", **options)
    assert evaluate(metric, samples) == {}
    return metric.predictions


def test_predicted_videos_list_the_best_tubes_of_their_best_class():
    far = still_tube([50, 50, 60, 60])
    scores = np.array([[-3, -9, -2.0], [-1, -5, -4.0], [-7, -6, -8.0]])
    (entry,) = predictions_of([sample("b", [far, TRUTH, HALF], tube_scores=scores)], num_tubes=2)
    assert [(tube["tube"], tube["label"], tube["score"]) for tube in entry["tubes"]] == [(1, 0, -1), (0, 2, -2)]
    assert entry["tubes"][0]["boxes"] == [[0, 0, 10, 10]] * 10
    assert entry["true_tubes"] == [{"start": 0, "label": 0, "boxes": [[0, 0, 10, 10]] * 10}]
    assert (entry["labels"], entry["video_scores"]) == ([0], [1, 0, 0])


def test_predicted_videos_list_the_best_tube_of_the_true_and_of_the_given_class_too():
    scores = np.array([[-3, -9, -2.0], [-4, -1, -np.inf]])
    shown = sample("a", [HALF, TRUTH], tube_scores=scores, video_scores=np.float32([0.1, 0.2, 0.7]))
    (entry,) = predictions_of([shown], num_tubes=1)
    assert [(tube["tube"], tube["label"]) for tube in entry["tubes"]] == [(1, 1), (0, 0), (0, 2)]


def test_predicted_videos_list_the_best_tube_of_every_label():
    scores = np.array([[-3, -9, -2.0], [-4, -1, -5]])
    shown = sample("a", [HALF, TRUTH], (), scores, np.float32([0.1, 0.7, 0.2]), labels=(0, 2))
    (entry,) = predictions_of([shown], num_tubes=1)
    assert [(tube["tube"], tube["label"]) for tube in entry["tubes"]] == [(1, 1), (0, 0), (0, 2)]
    assert entry["labels"] == [0, 2]
    for labels, expected in (((), []), (None, None)):
        (entry,) = predictions_of([replace(shown, labels=labels)], num_tubes=1)
        assert [(tube["tube"], tube["label"]) for tube in entry["tubes"]] == [(1, 1)]
        assert entry["labels"] == expected


def test_overlap_of_predicted_videos_is_that_of_the_best_ranked_tube_of_their_class():
    scores = np.array([[0.9, 0, 0], [0.5, 0.1, 0]])
    other = still_tube([0, 0, 10, 10], label=1)
    samples = [
        sample("c", [HALF, TRUTH], tube_scores=scores),
        sample("d", [HALF, TRUTH], [TRUTH, other], tube_scores=scores),  # ½ of the one class, 1 of the other
        sample("a", [], tube_scores=np.zeros((0, 3))),
        sample("b", ground_truth=[]),
    ]
    entries = predictions_of(samples, protocol="multisports")
    assert [(entry["video"], entry["overlap"]) for entry in entries] == [("a", 0), ("b", None), ("c", 0.5), ("d", 0.75)]
    assert entries[0]["tubes"] == []


def test_predicted_videos_of_a_model_without_scores_of_videos_have_none():
    silent = replace(sample("a"), video_scores=None)
    assert predictions_of([silent])[0]["video_scores"] is None


def test_scores_that_are_not_of_the_classes_end_the_listing_of_predicted_videos():
    with pytest.raises(InputError, match="num_classes must be that of the dataset"):
        predictions_of([sample("a", tube_scores=np.ones((1, 2)))])
    with pytest.raises(InputError, match="num_tubes"):
        PredictedVideos(num_tubes=0)

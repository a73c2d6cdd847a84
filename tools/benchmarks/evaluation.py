"""How long evaluation takes: recall, video-mAP and frame-mAP under every protocol, of the test videos of THUMOS13.

The true tubes are those of the annotation, the detected ones are made up: half follow true tubes, the others wander,
all span their video. The per-class, per-frame loop of the definitions does the same on a part of the videos, in the
same run; its numbers have to be equal.

    python tools/benchmarks/evaluation.py [--annotation FILE] [--split FILE] [--tubes 50] [--slow-videos 40]

Without FILE they are taken from $ACTORSUP_DATA/thumos13.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from actorsup.cli.running import run
from actorsup.datasets.formats import LabelledVideo
from actorsup.datasets.formats.thumos13 import CLASSES, read_split_list, read_ucf101_annotation
from actorsup.errors import InputError
from actorsup.evaluation.functional import (
    FRAME_PROTOCOLS,
    PROTOCOLS,
    FrameBoxes,
    Protocol,
    ScoredVideo,
    VideoOverlaps,
    average_precision,
    frame_average_precision,
    match_frames,
    recall_protocol,
    tube_recall,
)
from actorsup.structures import OverlapRule, Tube

RECALL_THRESHOLDS = (0.1, 0.2, 0.3, 0.5, 0.7)
THRESHOLDS = (0.2, 0.5)  # that the loops measure too
SHOWN_THRESHOLDS = (0.2, 0.5, 0.75)  # beside the protocols' ranges
FRAME_THRESHOLDS = (0.5,)
FRAMES_WITHOUT_ANNOTATION = 180


@dataclass(frozen=True, eq=False)
class Case:
    """A video: its true tubes, its detected tubes and their scores ``(P, K)``."""

    name: str
    truth: Sequence[Tube]
    tubes: Sequence[Tube]
    scores: np.ndarray


def make_case(name: str, label: int, annotation: LabelledVideo | None, num_tubes: int, seed: int) -> Case:
    """Tubes and scores of a video; the scores of those that follow a true tube are a little higher for its class."""
    rng = np.random.default_rng(seed)
    truth = annotation.tubes if annotation else ()
    num_frames = annotation.num_frames if annotation else FRAMES_WITHOUT_ANNOTATION
    tubes, scores = [], rng.standard_normal((num_tubes, len(CLASSES)))
    for index in range(num_tubes):
        steps = rng.normal(0, 2, (num_frames, 2)).cumsum(axis=0)
        if truth and index % 2 == 0:
            boxes = truth[index // 2 % len(truth)].boxes_at(np.arange(num_frames)) + np.tile(steps, 2) * rng.random()
            scores[index, label] += 1
        else:
            corner = rng.uniform(0, 200, 2) + steps
            boxes = np.concatenate([corner, corner + rng.uniform(20, 120, 2)], axis=1)
        tubes.append(Tube(0, boxes, np.ones(num_frames), 1.0, 0))
    return Case(name, truth, tubes, scores)


def evaluate(
    cases: Sequence[Case],
    protocols: Mapping[str, Protocol],
    frame_protocols: Mapping[str, Protocol],
    thresholds: Sequence[float] = SHOWN_THRESHOLDS,
    with_ranges: bool = True,
) -> tuple[dict[str, float], dict[str, float]]:
    """All numbers, and the seconds that each part took."""
    seconds, numbers = {}, {}
    start = time.perf_counter()
    rule = recall_protocol("apt")
    overlaps = [VideoOverlaps.from_tubes(case.name, case.tubes, case.truth, rule) for case in cases]
    numbers |= tube_recall(overlaps, len(CLASSES), RECALL_THRESHOLDS).as_dict()
    seconds["recall, its overlaps included"] = time.perf_counter() - start

    start = time.perf_counter()
    rules = list({protocol.overlap: None for protocol in protocols.values()})
    measured = [VideoOverlaps.under_rules(case.name, case.tubes, case.truth, rules) for case in cases]
    seconds[f"overlaps of {len(protocols)} protocols"] = time.perf_counter() - start
    for name, protocol in protocols.items():
        start = time.perf_counter()
        videos = [ScoredVideo(of[protocol.overlap], case.scores) for of, case in zip(measured, cases, strict=True)]
        result = average_precision(videos, thresholds, protocol, ranges=protocol.ranges if with_ranges else ())
        numbers |= {f"mAP@{at}/{name}": value for at, value in result.means().items()}
        seconds[f"mAP, {name}"] = time.perf_counter() - start
    if frame_protocols:
        start = time.perf_counter()
        matched = [
            match_frames(
                FrameBoxes.from_tubes(case.name, case.tubes, case.scores), case.truth, FRAME_THRESHOLDS, frame_protocols
            )
            for case in cases
        ]
        seconds[f"boxes of frames matched under {len(frame_protocols)} protocols"] = time.perf_counter() - start
        start = time.perf_counter()
        for name, result in frame_average_precision(matched, FRAME_THRESHOLDS, frame_protocols).items():
            numbers |= {f"frame_mAP@{at}/{name}": value for at, value in result.means().items()}
        seconds[f"frame-mAP, {len(frame_protocols)} protocols"] = time.perf_counter() - start
    return numbers, seconds


def evaluate_slowly(cases: Sequence[Case], protocols: Mapping[str, Protocol]) -> dict[str, float]:
    """Recall and mAP by the loops of their definitions; overlaps are kept from one threshold to the next."""
    numbers = {}
    rule = recall_protocol("apt")
    best = [
        max((slow_iou(tube, true, rule) for tube in case.tubes), default=0.0) for case in cases for true in case.truth
    ]
    for threshold in RECALL_THRESHOLDS:
        numbers[f"recall@{threshold:g}"] = sum(value >= threshold for value in best) / len(best)
    for name, protocol in protocols.items():
        by_threshold = {threshold: [] for threshold in THRESHOLDS}
        for label in sorted({true.label for case in cases for true in case.truth}):
            for threshold, value in slow_ap(cases, label, protocol).items():
                by_threshold[threshold].append(value)
        for threshold, values in by_threshold.items():
            numbers[f"mAP@{threshold:g}/{name}"] = sum(values) / len(values)
    return numbers


def slow_iou(detection: Tube, truth: Tube, rule: OverlapRule) -> float:
    """Overlap of two tubes, frame by frame."""
    start, end = max(detection.start, truth.start), min(detection.end, truth.end)
    if end - start < (1 if rule.single_frame_counts else 2):
        return 0.0
    total = 0.0
    for frame in range(start, end):
        left, top, right, bottom = detection.boxes[frame - detection.start].tolist()
        right, bottom = right + rule.detection_offset, bottom + rule.detection_offset
        true_left, true_top, true_right, true_bottom = truth.boxes[frame - truth.start].tolist()
        true_right, true_bottom = true_right + rule.ground_truth_offset, true_bottom + rule.ground_truth_offset
        width = min(right, true_right) - max(left, true_left)
        height = min(bottom, true_bottom) - max(top, true_top)
        if width > 0 and height > 0:
            areas = (right - left) * (bottom - top) + (true_right - true_left) * (true_bottom - true_top)
            total += width * height / (areas - width * height)
    mean, span = total / (end - start), max(detection.end, truth.end) - min(detection.start, truth.start)
    if rule.spatial_only:
        return mean
    return mean * (end - start - 1) / (span - 1) if rule.counts_steps else mean * (end - start) / span


def slow_ap(cases: Sequence[Case], label: int, protocol: Protocol) -> dict[float, float]:
    """AP of a class at each threshold."""
    detections, num_truth = [], 0
    for case in cases:
        truth = [true for true in case.truth if true.label == label]
        num_truth += len(truth)
        for index, tube in enumerate(case.tubes):
            overlaps = [slow_iou(tube, true, protocol.overlap) for true in truth]
            detections.append((-case.scores[index, label], case.name, index, overlaps))
    detections.sort()
    return {threshold: _area(detections, num_truth, threshold, protocol) for threshold in THRESHOLDS}


def _area(detections: Sequence[tuple], num_truth: int, threshold: float, protocol: Protocol) -> float:
    taken, curve, num_true = set(), [(1.0, 0.0)], 0
    for count, (_, name, _, overlaps) in enumerate(detections, 1):
        candidates = [
            (value, -true)
            for true, value in enumerate(overlaps)
            if protocol.matching == "best_of_all" or (name, true) not in taken
        ]
        value, true = max(candidates, default=(-1.0, 0))
        enough = value > threshold if protocol.strict else value >= threshold
        if enough and (name, -true) not in taken:
            taken.add((name, -true))
            num_true += 1
        curve.append((num_true / count, num_true / (num_truth + protocol.added_truth)))
    area, highest = 0.0, 0.0
    for (before, recall_before), (precision, recall) in zip(curve[-2::-1], curve[:0:-1], strict=True):
        highest = max(highest, precision)
        area += (recall - recall_before) * (highest if protocol.envelope else (precision + before) / 2)
    return area


def timed(function: Callable, *arguments: object) -> tuple[object, float]:
    """What a function returns, and its seconds."""
    start = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - start


def compare(cases: Sequence[Case], protocols: Mapping[str, Protocol], num_rounds: int) -> dict:
    """Seconds of both ways on the same videos, the faster one's the median of several rounds; the numbers are equal."""
    expected, slow = timed(evaluate_slowly, cases, protocols)
    rounds = [timed(evaluate, cases, protocols, {}, THRESHOLDS, False) for _ in range(num_rounds)]
    numbers = rounds[0][0][0]
    difference = max(abs(numbers[name] - value) for name, value in expected.items())
    if difference > 1e-9:
        raise AssertionError(f"the numbers differ from those of the definitions by {difference}")
    fast = float(np.median([seconds for _, seconds in rounds]))
    return {"videos": len(cases), "protocols": list(protocols), "slow": slow, "fast": fast, "difference": difference}


def tables(seconds: Mapping[str, float], comparisons: Sequence[Mapping]) -> list[Table]:
    """Seconds of all videos by part, and the comparison."""
    parts = Table(title="seconds, all videos", box=box.MARKDOWN)
    parts.add_column("part")
    parts.add_column("seconds", justify="right")
    for name, value in {**seconds, "all": sum(seconds.values())}.items():
        parts.add_row(name, f"{value:.2f}")
    ratios = Table(title="against the loops of the definitions", box=box.MARKDOWN)
    for column in ("recall, and mAP under", "videos", "loops, s", "here, s", "times as fast", "largest difference"):
        ratios.add_column(column, justify="left" if column == "recall, and mAP under" else "right")
    for one in comparisons:
        ratios.add_row(
            ", ".join(one["protocols"]),
            str(one["videos"]),
            f"{one['slow']:.1f}",
            f"{one['fast']:.3f}",
            f"{one['slow'] / one['fast']:.0f}×",
            f"{one['difference']:.1g}",
        )
    return [parts, ratios]


def read_cases(annotation: Path, split: Path, num_tubes: int) -> list[Case]:
    """The videos of a split list, those without annotation included."""
    for path in (annotation, split):
        if not path.is_file():
            raise InputError(f"{path}: no such file; give it by --annotation and --split, or set ACTORSUP_DATA")
    annotations = read_ucf101_annotation(annotation, CLASSES)
    videos = read_split_list(split, CLASSES)
    return [make_case(name, label, annotations.get(name), num_tubes, seed) for seed, (name, label) in enumerate(videos)]


def main() -> None:
    """Measure all videos, compare on a part of them, print the tables."""
    folder = Path(os.environ.get("ACTORSUP_DATA", "data")) / "thumos13"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annotation", type=Path, default=folder / "pyannot.pkl")
    parser.add_argument("--split", type=Path, default=folder / "splits" / "testlist01.txt")
    parser.add_argument("--tubes", type=int, default=50, help="of each video")
    parser.add_argument(
        "--slow-videos", type=int, default=40, help="videos, in equal steps, that the loops measure too"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number there too")
    arguments = parser.parse_args()
    cases = read_cases(arguments.annotation, arguments.split, arguments.tubes)
    console = Console(width=None if Console().is_terminal else 160)
    num_truth = sum(len(case.truth) for case in cases)
    console.print(
        f"{len(cases)} videos, {num_truth} true tubes, {arguments.tubes} tubes a video, {len(CLASSES)} classes; "
        f"{len(RECALL_THRESHOLDS)} thresholds of recall, {len(SHOWN_THRESHOLDS)} and the protocols' ranges of mAP, "
        f"{len(FRAME_THRESHOLDS)} of frame-mAP; numpy {np.__version__}"
    )
    rounds = [evaluate(cases, PROTOCOLS, FRAME_PROTOCOLS)[1] for _ in range(arguments.rounds)]
    seconds = {name: float(np.median([one[name] for one in rounds])) for name in rounds[0]}
    some = cases[:: max(1, len(cases) // arguments.slow_videos)][: arguments.slow_videos]
    comparisons = [compare(some, chosen, arguments.rounds) for chosen in ({"act": PROTOCOLS["act"]}, PROTOCOLS)]
    for table in tables(seconds, comparisons):
        console.print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps({"seconds": seconds, "comparisons": comparisons}, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(run(main, is_program=True))

"""How time and memory grow with videos, frames, targets, tubes and classes: each at four sizes, and the exponent.

The exponent is the slope of a line through the logarithms: 1 is in proportion, 0 does not grow. Times are of the
processor, with one thread; memory is the most beyond what the process had before. Each measurement is a process of its
own, the median of some. The videos are drawn, the networks have random weights.

    python tools/benchmarks/growth.py [NAME ...] [--rounds 3] [--json FILE]
"""

import argparse
import json
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from actorsup.evaluation.functional import evaluate_predictions
from actorsup.linkers import SiameseLinker, ViterbiLinker
from actorsup.models import ActorRoIPool3D
from actorsup.models.heads import TwoStreamHead
from actorsup.structures import Detections, Tube, TubeBatch

TRACKER = {
    "type": "SiameseTracker",
    "network": {
        "type": "SiameseNetwork",
        "backbone": {"type": "UnpaddedThinNet"},
        "correlation": {"type": "CrossCorrelation", "trainable": True},
    },
    "shared_features": True,
    "device": "cpu",
}
WIDTH, HEIGHT, CHANNELS, CELLS = 320, 240, 112, (5, 5)
Work = Callable[[], object]


def moving_tube(generator: np.random.Generator, num_frames: int, label: int) -> Tube:
    """A box that goes from one place to another."""
    starts, ends = generator.uniform([0, 0], [WIDTH - 60, HEIGHT - 80], (2, 2))
    low = starts + (ends - starts) * np.linspace(0, 1, num_frames)[:, None]
    return Tube(0, np.hstack([low, low + np.array([60, 80])]), np.ones(num_frames), generator.random(), label)


def evaluation(videos: int = 200, tubes: int = 20, frames: int = 100, classes: int = 24) -> Work:
    """Video-mAP at three thresholds and their ranges, of tubes that span their videos."""
    generator = np.random.default_rng(0)
    truth = {f"{video}": [moving_tube(generator, frames, video % classes)] for video in range(videos)}
    found = [
        (name, [moving_tube(generator, frames, 0) for _ in range(tubes)], generator.normal(size=(tubes, classes)))
        for name in truth
    ]
    names = [f"class {index}" for index in range(classes)]
    return lambda: evaluate_predictions(found, truth, names)


def linking(frames: int = 40, targets: int = 10, detections: int = 20) -> Work:
    """Algorithm 1 with the small tracker on shared features."""
    return _linking(SiameseLinker(TRACKER, max_tubes=targets, batch_size=8), frames, detections)


def viterbi(frames: int = 200, targets: int = 10, detections: int = 20) -> Work:
    """Linking by Viterbi."""
    return _linking(ViterbiLinker(max_tubes=targets), frames, detections)


def _linking(linker, frames: int, num_detections: int) -> Work:
    generator = np.random.default_rng(0)
    shown = generator.integers(0, 255, (frames, HEIGHT, WIDTH, 3), dtype=np.uint8)
    actors = [moving_tube(generator, frames, 0) for _ in range(num_detections)]
    scores = generator.uniform(0.1, 1, (frames, num_detections))
    detections = [
        Detections([actor.boxes[frame] for actor in actors], scores[frame], [0] * num_detections)
        for frame in range(frames)
    ]
    return lambda: linker.link(shown, detections)


def model(tubes: int = 50, frames: int = 16, classes: int = 24) -> Work:
    """Pooling of maps of one video, and a head of two streams with its ranking: what testing does after the encoder."""
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    boxes = torch.from_numpy(np.stack([moving_tube(generator, frames, 0).boxes for _ in range(tubes)])).float()
    maps = torch.randn(1, frames, CHANNELS, HEIGHT // 16, WIDTH // 16)
    batch = TubeBatch(boxes, torch.ones(tubes, frames), torch.zeros(tubes, dtype=torch.int64), 1)
    pooling, head = ActorRoIPool3D(CELLS), TwoStreamHead(classes, CHANNELS, roi_size=CELLS).eval()

    @torch.inference_mode()
    def work() -> object:
        return [head.predict(pooling(maps, batch, 16), batch) for _ in range(20)]

    return work


CASES = {
    ("evaluation", "videos"): (100, 200, 400, 800),
    ("evaluation", "tubes"): (10, 20, 40, 80),
    ("evaluation", "frames"): (50, 100, 200, 400),
    ("evaluation", "classes"): (12, 24, 48, 96),
    ("linking", "frames"): (20, 40, 80, 160),
    ("linking", "targets"): (3, 6, 12, 24),
    ("viterbi", "frames"): (50, 100, 200, 400),
    ("viterbi", "targets"): (3, 6, 12, 24),
    ("viterbi", "detections"): (10, 20, 40, 80),
    ("model", "tubes"): (25, 50, 100, 200),
    ("model", "frames"): (8, 16, 32, 64),
    ("model", "classes"): (24, 48, 96, 192),
}
MAKERS = {"evaluation": evaluation, "linking": linking, "viterbi": viterbi, "model": model}


def measure(name: str, options: dict[str, int]) -> tuple[float, float]:
    """Seconds of the processor, and megabytes."""
    torch.set_num_threads(1)
    small = {"videos": 2} if name == "evaluation" else {"frames": 4}
    MAKERS[name](**small)()  # what is made once
    work = MAKERS[name](**options)
    before, start = _most_memory(), time.process_time()
    work()
    return time.process_time() - start, _most_memory() - before


def _most_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    """The slope of the line through the logarithms; NaN where a value is 0."""
    if min(values) <= 0:
        return float("nan")
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MAKERS)}; default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", help="in place of those of each case")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number there too")
    arguments = parser.parse_args(arguments)
    if unknown := set(arguments.names) - MAKERS.keys():
        parser.error(f"{', '.join(unknown)}: choose from {', '.join(MAKERS)}")
    table = Table("of", "against", "sizes", "seconds", "exponent", "MB", "exponent")
    results = []
    context = multiprocessing.get_context("spawn")
    for (name, against), sizes in CASES.items():
        if arguments.names and name not in arguments.names:
            continue
        sizes = arguments.sizes or sizes
        rounds = []
        for _ in range(arguments.rounds):
            with context.Pool(1, maxtasksperchild=1) as pool:
                rounds.append([pool.apply(measure, (name, {against: size})) for size in sizes])
        seconds, megabytes = (
            [statistics.median(each[index][part] for each in rounds) for index in range(len(sizes))] for part in (0, 1)
        )
        slopes = exponent(sizes, seconds), exponent(sizes, megabytes)
        results.append({"of": name, "against": against, "sizes": sizes, "seconds": seconds, "megabytes": megabytes})
        row = (", ".join(f"{value:.3g}" for value in values) for values in (sizes, seconds, megabytes))
        shown, times, memory = row
        table.add_row(name, against, shown, times, f"{slopes[0]:.2f}", memory, f"{slopes[1]:.2f}")
        print(f"{name} against {against}: {times} s, exponent {slopes[0]:.2f}", flush=True)
    Console(width=140).print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()

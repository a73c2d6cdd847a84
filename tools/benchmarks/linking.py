"""How fast Algorithm 1 links: one track at a time, tracked ahead in batches, and with features shared by all targets.

The detections are those of the config's detector, the same for all. All take turns in one run; medians are shown. The
tubes of the batched version are compared with those of the sequential one.

    python tools/benchmarks/linking.py CONFIG VIDEO [--frames 60] [--tubes 5 10 20 40 80] [--device cpu|cuda]
"""

import argparse
import copy
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.table import Table

from actorsup.cli.arguments import add_config, read_config
from actorsup.cli.running import run
from actorsup.io import open_video
from actorsup.linkers import SiameseLinker
from actorsup.proposals import ProposalConfig
from actorsup.registry import DETECTORS, LINKERS, TRACKERS
from actorsup.structures import Detections, Tube
from actorsup.trackers import Tracker

MODES = ("sequential", "batched", "shared features")


class TimedFrames(Sequence):
    """Frames that note how long one waits for them."""

    def __init__(self, frames: Sequence[np.ndarray]) -> None:
        self.frames = frames
        self.seconds = 0.0

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> np.ndarray:
        start = time.perf_counter()
        frame = self.frames[index]
        self.seconds += time.perf_counter() - start
        return frame


@TRACKERS.register_module()
class CountingTracker(Tracker):
    """Another tracker, and how many targets it found in how many frames."""

    def __init__(self, tracker: dict) -> None:
        self.tracker = TRACKERS.build(tracker)
        self.steps: list[int] = []  # a twin's too

    def init(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """See ``Tracker.init``."""
        self.tracker.init(image, boxes)

    def add(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """See ``Tracker.add``."""
        self.tracker.add(image, boxes)

    def update(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See ``Tracker.update``."""
        boxes, scores = self.tracker.update(image)
        self.steps.append(len(boxes))
        return boxes, scores

    def twin(self) -> "CountingTracker | None":
        """See ``Tracker.twin``."""
        if (tracker := self.tracker.twin()) is None:
            return None
        twin = copy.copy(self)
        twin.tracker = tracker
        return twin


def make_linker(settings: dict, mode: str, num_tubes: int, device: str) -> SiameseLinker:
    """The config's linker, changed to a mode and a number of tubes."""
    tracker = {**settings["tracker"], "device": device, "shared_features": mode == MODES[2]}
    batch_size = 1 if mode == MODES[0] else settings["batch_size"]
    counting = {"type": "CountingTracker", "tracker": tracker}
    return LINKERS.build({**settings, "tracker": counting, "max_tubes": num_tubes, "batch_size": batch_size})


def link(linker: SiameseLinker, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> dict:
    """Link once, and say what it took."""
    timed = TimedFrames(frames)
    linker.tracker.steps.clear()
    start = time.perf_counter()
    tubes = linker.link(timed, detections)
    seconds = time.perf_counter() - start
    return {"tubes": tubes, "seconds": seconds, "waiting": timed.seconds / seconds, "steps": sum(linker.tracker.steps)}


def difference(tubes: Sequence[Tube], expected: Sequence[Tube]) -> float:
    """The largest difference of a coordinate in pixels; infinite if other detections were chosen."""
    if [(tube.score, tube.label) for tube in tubes] != [(tube.score, tube.label) for tube in expected]:
        return float("inf")
    return max(
        (float(np.abs(a.boxes - b.boxes).max()) for a, b in zip(tubes, expected, strict=True)),
        default=0.0,
    )


def measure(settings: dict, frames, detections, num_tubes: int, num_rounds: int, device: str) -> dict:
    """Medians of all modes, taking turns; each time with a new linker, which remembers nothing."""
    link(make_linker(settings, MODES[2], num_tubes, device), frames[:3], detections[:3])  # what is done once only
    runs = {mode: [] for mode in MODES}
    for _ in range(num_rounds):
        for mode in MODES:
            runs[mode].append(link(make_linker(settings, mode, num_tubes, device), frames, detections))
    result = {"max_tubes": num_tubes, "num_tubes": len(runs[MODES[0]][0]["tubes"]), "modes": {}}
    for mode, of_mode in runs.items():
        seconds = statistics.median(run["seconds"] for run in of_mode)
        result["modes"][mode] = {
            "seconds": seconds,
            "steps": of_mode[0]["steps"],
            "steps_per_second": of_mode[0]["steps"] / seconds,
            "waiting": statistics.median(run["waiting"] for run in of_mode),
        }
    expected = runs[MODES[0]][0]["tubes"]
    result["difference"] = difference(runs[MODES[1]][0]["tubes"], expected)
    return result


def table(results: Sequence[dict]) -> Table:
    """Seconds of the sequential version, how many times as fast the others are, and what their steps were worth."""
    shown = Table(title="seconds, and how many times as fast", box=box.MARKDOWN)
    columns = ("tubes", *MODES, "steps", "in batches", "ms a step", "in batches", "shared", "waiting", "difference")
    for column in columns:
        shown.add_column(column, justify="right")
    for result in results:
        sequential, batched, shared = (result["modes"][mode] for mode in MODES)
        shown.add_row(
            str(result["num_tubes"]),
            f"{sequential['seconds']:.1f} s",
            f"{sequential['seconds'] / batched['seconds']:.2f}×",
            f"{sequential['seconds'] / shared['seconds']:.2f}×",
            str(sequential["steps"]),
            str(batched["steps"]),
            *(f"{1e3 / mode['steps_per_second']:.1f}" for mode in (sequential, batched, shared)),
            f"{100 * shared['waiting']:.0f} %",
            f"{result['difference']:.1g} px",
        )
    return shown


def main() -> None:
    """Measure every number of tubes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_config(parser)
    parser.add_argument("video", type=Path, help="a video file, or a folder of frames")
    parser.add_argument("--frames", type=int, default=60, help="how many frames of it are linked")
    parser.add_argument("--tubes", type=int, nargs="+", default=[5, 10, 20, 40, 80])
    parser.add_argument("--batch-size", type=int, default=8, help="targets that are tracked together at most")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number there too")
    arguments = parser.parse_args()
    proposal_config = ProposalConfig.from_config(read_config(arguments).proposals)
    frames = open_video(arguments.video, proposal_config.reader).read_all()[: arguments.frames]
    console = Console(width=None if Console().is_terminal else 160)
    with console.status("detecting"):
        detections = list(DETECTORS.build(proposal_config.detector).detect(frames))
    height, width = frames.shape[1:3]
    device = torch.cuda.get_device_name() if arguments.device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    console.print(
        f"{device}, torch {torch.__version__}; {arguments.video.name}: {len(frames)} frames of {width}×{height}, "
        f"{sum(map(len, detections))} detections; medians of {arguments.rounds}"
    )
    settings = {**proposal_config.linker, "batch_size": arguments.batch_size}
    results = []
    for num_tubes in arguments.tubes:
        with console.status(f"{num_tubes} tubes"):
            results.append(measure(settings, frames, detections, num_tubes, arguments.rounds, arguments.device))
    console.print(table(results))
    if arguments.json:
        arguments.json.write_text(json.dumps({"device": device, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(run(main, is_program=True))

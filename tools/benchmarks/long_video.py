"""How much memory a long video takes: it must be under 2 GB for ten minutes at 720p, and the same for one.

A video of moving shapes is drawn into a file, then read forward and backward, detected and linked as proposal
generation does. A line every few seconds says how much memory the process takes and the most it took until then.
Without --config a stand-in finds the shapes by their brightness, and Viterbi links them.

    python tools/benchmarks/long_video.py --minutes 10 [--stages read proposals] [--json FILE]
    python tools/benchmarks/long_video.py --minutes 3 --config CONFIG [--cfg-options proposals.linker=viterbi]
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import Event, Thread

import cv2
import numpy as np
from mmengine.config import DictAction

from actorsup.cli.running import run
from actorsup.engine.config import load_config, proposal_config_of
from actorsup.io import Proposals, VideoFrames, open_video
from actorsup.io.frames import DEFAULT_MEMORY
from actorsup.linkers import ViterbiLinker
from actorsup.registry import DETECTORS, LINKERS
from actorsup.structures import Detections

FRAME_RATE = 30
NUM_SHAPES = 4
STAGES = ("read", "proposals")


class BrightShapes:
    """The stand-in of a detector: connected regions that are brighter than the ground."""

    def detect(self, frames: Iterable[np.ndarray]) -> Iterator[Detections]:
        """See ``ActorDetector.detect``."""
        for frame in frames:
            _, mask = cv2.threshold(frame[::4, ::4].max(axis=2), 150, 255, cv2.THRESH_BINARY)
            regions = cv2.connectedComponentsWithStats(mask)[2][1:]
            left, top, width, height = 4 * regions[regions[:, cv2.CC_STAT_AREA] > 50][:, :4].T
            boxes = np.stack([left, top, left + width, top + height], axis=1).astype(np.float32)
            yield Detections(boxes, np.full(len(boxes), 0.9), np.zeros(len(boxes), dtype=np.int64))


def draw_video(path: Path, num_frames: int, size: tuple[int, int]) -> None:
    """Bright discs that swing over a dark, slowly drifting ground; MPEG-4 with a key frame every twelve."""
    width, height = size
    ground = np.random.default_rng(0).integers(20, 90, (height // 8, width // 8 + 64, 3), dtype=np.uint8)
    ground = cv2.resize(ground, None, fx=8, fy=8)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), FRAME_RATE, size)
    try:
        for index in range(num_frames):
            drift = index % 512
            frame = ground[:, drift : drift + width].copy()
            for shape in range(NUM_SHAPES):
                phase = index / (60 + 25 * shape) + shape
                center = (int(width * (0.5 + 0.4 * np.sin(phase))), int(height * (0.5 + 0.35 * np.cos(0.7 * phase))))
                cv2.circle(frame, center, height // 12, (255, 160 + 20 * shape, 160), -1)
            writer.write(frame)
    finally:
        writer.release()


class MemoryLog:
    """Prints what the process does and how much memory it takes, every few seconds."""

    def __init__(self, seconds: float) -> None:
        self.samples: list[dict] = []
        self.stage = ""
        self._seconds = seconds
        self._start = time.perf_counter()
        self._stop = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryLog":
        self._thread.start()
        return self

    def __exit__(self, *error) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(self._seconds):
            self.note()

    def note(self) -> None:
        """One line."""
        sample = {
            "seconds": round(time.perf_counter() - self._start, 1),
            "stage": self.stage,
            "resident_mib": _resident() >> 20,
            "peak_mib": _peak() >> 20,
        }
        self.samples.append(sample)
        print("{seconds:8.1f} s  {stage:<10} {resident_mib:6d} MiB now {peak_mib:6d} MiB at most".format(**sample))


def _resident() -> int:
    """Bytes that the process takes now; where the system does not say, the most that it took."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return _peak()


def _peak() -> int:
    """The most bytes that the process took."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def run_stages(path: Path, stages: Sequence[str], memory: int, detector, linker, log: MemoryLog) -> dict[str, float]:
    """Run the stages over a video; frames per second of each."""
    speeds = {}

    def timed(stage: str, work) -> object:
        log.stage, start = stage, time.perf_counter()
        result = work()
        speeds[stage] = len(frames) / (time.perf_counter() - start)
        log.note()
        return result

    frames = VideoFrames(open_video(path), memory)
    if "read" in stages:
        timed("first pass", lambda: _look_at(frames))
        timed("forward", lambda: _look_at(frames))
        timed("backward", lambda: _look_at(reversed(frames)))
    if "proposals" in stages:
        frames = VideoFrames(open_video(path), memory)
        detections = timed("detect", lambda: list(detector.detect(frames)))
        tubes = timed("link", lambda: linker.link(frames, detections))
        Proposals(tuple(tubes), len(frames), (frames.shape[2], frames.shape[1]))
        print(f"{sum(map(len, detections))} detections, {len(tubes)} tubes")
    return speeds


def _look_at(frames: Iterable[np.ndarray]) -> None:
    for frame in frames:
        assert frame.ndim == 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="length of the video")
    parser.add_argument("--size", type=int, nargs=2, default=(1280, 720), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--video", type=Path, help="a video to read instead of a drawn one")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    parser.add_argument("--config", help="take detector and linker of this config")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, metavar="KEY=VALUE")
    parser.add_argument("--memory", type=int, default=DEFAULT_MEMORY >> 20, help="MiB of frames to hold at most")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two lines")
    parser.add_argument("--json", type=Path, help="write the numbers there too")
    arguments = parser.parse_args(arguments)
    detector, linker = BrightShapes(), ViterbiLinker()
    if arguments.config and "proposals" in arguments.stages:
        proposal_config = proposal_config_of(load_config(arguments.config, options=arguments.cfg_options))
        detector, linker = DETECTORS.build(proposal_config.detector), LINKERS.build(proposal_config.linker)
    with tempfile.TemporaryDirectory() as folder, MemoryLog(arguments.every) as log:
        path = arguments.video or Path(folder) / "video.mp4"
        if arguments.video is None:
            log.stage = "draw"
            draw_video(path, int(arguments.minutes * 60 * FRAME_RATE), tuple(arguments.size))
        speeds = run_stages(path, arguments.stages, arguments.memory << 20, detector, linker, log)
    for stage, speed in speeds.items():
        print(f"{stage:<10} {speed:8.1f} frames/s")
    # The kernel counts what a process takes now, and the most, at different times: either may be a few pages ahead.
    peak = max(_peak(), max((sample["resident_mib"] for sample in log.samples), default=0) << 20)
    print(f"peak {peak / 1e9:.2f} GB (goal: less than 2)")
    if arguments.json:
        result = {"minutes": arguments.minutes, "size": list(arguments.size), "memory_mib": arguments.memory}
        result |= {"peak_bytes": peak, "frames_per_second": speeds, "samples": log.samples}
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(run(main, is_program=True))

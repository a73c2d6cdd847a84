"""Each stage from a video file to its proposals, beside an earlier state of this repository in the same run.

An earlier state is checked out into a folder of its own; both take turns, each measurement a process of its own.
Stages: `start`, from nothing to the detections of the first frame; `read`, `detect` and `link`, one after the other in
one process; `proposals`, the command `actorsup proposals` on copies of the video, its start included. Medians, and how
many times as fast the present state is. What both detect is compared as well.

    python tools/benchmarks/pipeline.py CONFIG VIDEO [--before COMMIT] [--rounds 3] [--cfg-options KEY=VALUE ...]

CONFIG is a file below the repository, which both states have.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]
OPERATOR = "actorsup/ops/libactorsup.so"
CONFIG_OF_COPIES = """
_base_ = {base!r}
proposals = dict(root={root!r})
train_dataloader = train_cfg = val_dataloader = val_cfg = val_evaluator = None
test_dataloader = dict(
    dataset=dict(
        _delete_=True, type="AnnotatedVideos", data_root={folder!r}, format=dict(type="VideoFolder"), pipeline=[]
    )
)
"""


def measure_stages(config: str, video: Path, options: Sequence[str], num_frames: int, out: Path) -> None:
    """Seconds of each stage in this process, and the boxes of all frames. It uses what both states have alone."""
    start = time.perf_counter()
    from actorsup.engine import load_config, parse_options
    from actorsup.engine.config import proposal_config_of
    from actorsup.io import open_video
    from actorsup.proposals import ProposalPipeline

    proposal_config = proposal_config_of(load_config(config, options=parse_options(options))).on_device("cpu")
    pipeline = ProposalPipeline(proposal_config)
    frame = next(iter(open_video(video, proposal_config.reader)))
    found = list(pipeline.detect([frame]))
    seconds = {"start": time.perf_counter() - start}
    pipeline.link([frame], found)  # what is made once
    start = time.perf_counter()
    frames = open_video(video, proposal_config.reader).read_all()[:num_frames]
    seconds["read"] = time.perf_counter() - start
    start = time.perf_counter()
    detections = list(pipeline.detect(frames))
    seconds["detect"] = time.perf_counter() - start
    start = time.perf_counter()
    tubes = pipeline.link(frames, detections).tubes
    seconds["link"] = time.perf_counter() - start
    boxes = [[*box, score] for found in detections for box, score in zip(found.boxes, found.scores, strict=True)]
    np.savez(out, boxes=boxes, frames=len(frames), tubes=len(tubes), **seconds)


class State:
    """A checkout of the repository, and what was measured of it."""

    def __init__(self, name: str, root: Path) -> None:
        self.name, self.root = name, root
        self.environment = {**os.environ, "PYTHONPATH": str(root)}
        self.seconds: dict[str, list[float]] = {}
        self.boxes = np.empty((0, 5))

    def measure(self, arguments: argparse.Namespace, folder: Path) -> None:
        """Measure every stage once more."""
        config = str(self.root / arguments.config.resolve().relative_to(REPOSITORY))
        with tempfile.TemporaryDirectory() as out:
            stages = Path(out, "stages.npz")
            given = [config, str(arguments.video.resolve()), "--cfg-options", *arguments.cfg_options]
            settings = ["--frames", str(arguments.frames), "--stages-of-this-process", str(stages)]
            self._run([str(Path(__file__).resolve()), *given, *settings])
            with np.load(stages) as measured:
                self.boxes, self.frames = measured["boxes"], int(measured["frames"])
                for stage in ("start", "read", "detect", "link"):
                    self.seconds.setdefault(stage, []).append(float(measured[stage]))
            if arguments.copies:
                file = Path(out, "copies.py")
                file.write_text(CONFIG_OF_COPIES.format(base=config, root=f"{out}/proposals", folder=str(folder)))
                command = ["-m", "actorsup", "proposals", str(file), "--work-dir", f"{out}/work", "--cfg-options"]
                start = time.perf_counter()
                self._run([*command, *arguments.cfg_options])
                self.seconds.setdefault("proposals", []).append(time.perf_counter() - start)

    def _run(self, command: Sequence[str]) -> None:
        command = [sys.executable, "-W", "ignore", *command]
        done = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{self.name}: {done.stderr or done.stdout}")

    def rate(self, stage: str, num_copies: int) -> float:
        """Frames a second of a stage, the median of all rounds; of the start, seconds."""
        median = statistics.median(self.seconds[stage])
        return median if stage == "start" else self.frames * (num_copies if stage == "proposals" else 1) / median


def checkout(commit: str, stack: ExitStack) -> Path:
    """The repository as it was, in a folder that is removed at the end, with an operator."""
    root = Path(stack.enter_context(tempfile.TemporaryDirectory()), "before")
    git = ["git", "-C", str(REPOSITORY)]
    subprocess.run([*git, "worktree", "add", "--quiet", "--detach", str(root), commit], check=True)
    stack.callback(subprocess.run, [*git, "worktree", "remove", "--force", str(root)], check=True)
    unchanged = subprocess.run([*git, "diff", "--quiet", commit, "--", "actorsup/ops/csrc"]).returncode == 0
    if unchanged and (REPOSITORY / OPERATOR).exists():
        shutil.copy(REPOSITORY / OPERATOR, root / OPERATOR)
    else:
        subprocess.run([sys.executable, "setup.py", "build_ext", "--inplace"], cwd=root, check=True)
    return root


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("video", type=Path)
    parser.add_argument("--before", metavar="COMMIT", help="an earlier state to measure beside this one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=60, help="of the video, for detect and link")
    parser.add_argument("--copies", type=int, default=8, help="of the video, for proposals; 0 leaves them out")
    parser.add_argument("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number there too")
    parser.add_argument("--stages-of-this-process", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(arguments)
    if out := arguments.stages_of_this_process:
        measure_stages(str(arguments.config), arguments.video, arguments.cfg_options, arguments.frames, out)
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for index in range(arguments.copies):
            copy = folder / "videos/all" / f"{index:02d}{arguments.video.suffix}"
            copy.parent.mkdir(parents=True, exist_ok=True)
            cut(arguments.video, arguments.frames, copy)
        states = [State("now", REPOSITORY)]
        if arguments.before:
            states.append(State(arguments.before, checkout(arguments.before, stack)))
        for _ in range(arguments.rounds):
            for state in states:
                state.measure(arguments, folder)
    report(states, arguments)


def cut(video: Path, num_frames: int, copy: Path) -> None:
    """Write the first frames of a video."""
    from actorsup.io import open_video
    from actorsup.visualization.videos import video_file

    frames = open_video(video).read_all()[:num_frames]
    height, width = (length // 2 * 2 for length in frames.shape[1:3])
    copy = copy.with_suffix(".mp4")
    with video_file(copy, (width, height), 25) as write:
        for frame in frames:
            write(np.ascontiguousarray(frame[:height, :width]))


def report(states: Sequence[State], arguments: argparse.Namespace) -> None:
    """Print a row for each stage."""
    now, *before = states
    print(f"{now.frames} frames, {os.cpu_count()} cores, medians of {arguments.rounds} rounds")
    for stage in now.seconds:
        unit, rates = "s" if stage == "start" else "frames/s", [state.rate(stage, arguments.copies) for state in states]
        times = [other / rates[0] if stage == "start" else rates[0] / other for other in rates[1:]]
        print(f"{stage:10s} {rates[0]:8.1f} {unit}", *(f"{rate:8.1f} {times[0]:6.2f} times" for rate in rates[1:]))
    for state in before:
        same = state.boxes.shape == now.boxes.shape
        difference = np.abs(state.boxes - now.boxes).max(axis=0) if same and len(now.boxes) else []
        print(
            f"detections: {len(now.boxes)} now, {len(state.boxes)} before"
            + (f"; they differ by {max(difference[:4]):.2g} px and {difference[4]:.2g} at most" if same else "")
        )
    if arguments.json:
        numbers = {state.name: state.seconds for state in states}
        arguments.json.write_text(json.dumps({"frames": now.frames, "seconds": numbers}, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""How long it takes from a video file to its ranked tubes: frames a second of each stage, and of all together.

The model has random weights: what it finds is meaningless, what it costs is not. Each stage runs once unmeasured; then
medians of some rounds.

    python tools/benchmarks/localizing.py CONFIG VIDEO [--device cpu|cuda] [--cfg-options proposals.linker=NAME]

With ``--profile`` each stage runs once more under torch's profiler, which tells how long the GPU was busy, and how many
kernels were launched and how often it was waited for, a frame.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from mmengine.config import DictAction
from torch.profiler import ProfilerActivity, profile

from actorsup.apis import ActionInferencer
from actorsup.engine import load_config
from actorsup.engine.config import proposal_config_of
from actorsup.io import open_video
from actorsup.proposals import ProposalPipeline
from actorsup.registry import MODELS


def random_checkpoint(config, path: Path) -> Path:
    """The weights of the config's model, untrained; the classes are those of its dataset."""
    torch.manual_seed(0)
    torch.save({"state_dict": MODELS.build(config.model).state_dict()}, path)
    return path


def profiled(work: Callable[[], object], num_frames: int) -> dict[str, float]:
    """What a GPU does in a stage: seconds that it is busy; launches of kernels and waits for it, a frame."""
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiler:
        work()
        torch.cuda.synchronize()
    events = profiler.key_averages()
    counts = {
        name: sum(event.count for event in events if text in event.key) / num_frames
        for name, text in (("launches", "LaunchKernel"), ("waits", "Synchronize"))
    }
    return {
        "busy": sum(event.self_device_time_total for event in events if event.device_type.name == "CUDA") / 1e6,
        **counts,
    }


def measure(config, video: Path, num_rounds: int, device: str, with_profile: bool = False) -> dict:
    """Seconds of each stage."""
    proposal_config = proposal_config_of(config).on_device(device)
    pipeline = ProposalPipeline(proposal_config)
    detector, linker = pipeline.detector, pipeline.linker
    with tempfile.TemporaryDirectory() as folder:
        localizer = ActionInferencer(config, random_checkpoint(config, Path(folder) / "random.pth"), device=device)
    frames = open_video(video, proposal_config.reader).read_all()
    detections = list(detector.detect(frames))
    stages: dict[str, Callable[[], object]] = {
        "read": lambda: open_video(video, proposal_config.reader).read_all(),
        "detect": lambda: list(detector.detect(frames)),
        "link": lambda: linker.link(frames, detections),
        "whole": lambda: localizer(video),
    }
    seconds = {name: [] for name in stages}
    for _ in range(num_rounds + 1):
        for name, work in stages.items():
            start = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - start)
    return {
        "frames": len(frames),
        "size": [frames.shape[2], frames.shape[1]],
        "detections": sum(map(len, detections)),
        "tubes": len(linker.link(frames, detections)),
        "seconds": {name: statistics.median(times[1:]) for name, times in seconds.items()},
        "profile": {name: profiled(work, len(frames)) for name, work in stages.items()} if with_profile else {},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("video", type=Path, help="a video file, or a folder of frames")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="of a GPU: how busy each stage keeps it")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, metavar="KEY=VALUE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number there too")
    arguments = parser.parse_args(arguments)
    if arguments.profile and arguments.device == "cpu":
        parser.error("--profile is of a GPU: --device cuda")
    config = load_config(arguments.config, options=arguments.cfg_options)
    result = measure(config, arguments.video, arguments.rounds, arguments.device, arguments.profile)
    device = torch.cuda.get_device_name() if arguments.device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(
        f"{device}, torch {torch.__version__}; {arguments.video.name}: {result['frames']} frames of "
        f"{result['size'][0]}×{result['size'][1]}, {result['detections']} detections, {result['tubes']} tubes"
    )
    for stage, seconds in result["seconds"].items():
        print(f"{stage:<8} {seconds:8.2f} s {result['frames'] / seconds:8.1f} frames/s")
    for stage, numbers in result["profile"].items():
        print(
            f"{stage:<8} GPU busy {numbers['busy']:.2f} s; {numbers['launches']:.0f} launches and "
            f"{numbers['waits']:.0f} waits a frame"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps({"device": device, **result}, indent=2) + "\n")


if __name__ == "__main__":
    main()

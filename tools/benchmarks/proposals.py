"""How many frames a second get their proposals when several processes share one GPU, or the cores of a CPU.

As `torchrun --nproc_per_node=K tools/generate_proposals.py … --launcher pytorch` does it: each process takes whole
videos, from the file to the tubes. The videos are copies of those given, each a little brighter than the last, so that
no process remembers what it has seen. Starting, and each process's first video, are not counted.

    python tools/benchmarks/proposals.py CONFIG VIDEO ... [--processes 1 4 8] [--device cpu|cuda] [--json FILE]
"""

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import DictAction

from actorsup.engine import load_config
from actorsup.engine.config import proposal_config_of
from actorsup.io import open_video
from actorsup.proposals import ProposalPipeline
from actorsup.visualization.videos import video_file

THUMOS13_FRAMES = 584_000  # 3,207 videos of 182 frames in the mean
START_LIMIT = 600  # seconds until all workers have made their first video
pipeline: ProposalPipeline  # of a worker


def write_copy(video: Path, index: int, folder: Path) -> Path:
    """A copy of a video that is brighter by ``index`` of 255."""
    frames = open_video(video).read_all()
    height, width = frames.shape[1:3]
    path = folder / f"{index:04d}.mp4"
    with video_file(path, (width // 2 * 2, height // 2 * 2), 25) as write:
        for frame in frames:
            write(np.ascontiguousarray(cv2.add(frame, (index,) * 4)[: height // 2 * 2, : width // 2 * 2]))
    return path


def start_worker(config: str, options: dict | None, device: str, num_threads: int, first: Path, ready: Barrier) -> None:
    """Build the parts, and make the proposals of one video."""
    global pipeline
    torch.set_num_threads(num_threads)
    cv2.setNumThreads(num_threads)
    pipeline = ProposalPipeline(proposal_config_of(load_config(config, options=options)).on_device(device))
    make(first)
    ready.wait()


def make(path: Path) -> tuple[int, int, float, float]:
    """Make the proposals of a video; return the numbers of its frames and tubes, and the seconds of both steps."""
    start = time.perf_counter()
    frames = pipeline.open(path)
    detections = list(pipeline.detect(frames))
    detected = time.perf_counter()
    proposals = pipeline.link(frames, detections)
    return proposals.num_frames, len(proposals.tubes), detected - start, time.perf_counter() - detected


def measure(arguments: argparse.Namespace, videos: Sequence[Path], num_processes: int) -> dict:
    """Frames a second of so many processes."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(num_processes + 1)
    num_threads = max(1, len(os.sched_getaffinity(0)) // num_processes)
    settings = (arguments.config, arguments.cfg_options, arguments.device, num_threads, videos[0], ready)
    chosen = videos[1 : 1 + num_processes * arguments.videos]
    with context.Pool(num_processes, start_worker, settings) as pool:
        ready.wait(START_LIMIT)  # a worker that fails to start is started anew, for ever
        start = time.perf_counter()
        made = list(pool.imap_unordered(make, chosen, chunksize=1))
        seconds = time.perf_counter() - start
    num_frames, num_tubes, detecting, linking = map(sum, zip(*made, strict=True))
    return {
        "processes": num_processes,
        "videos": len(made),
        "frames": num_frames,
        "tubes": num_tubes,
        "seconds": seconds,
        "seconds_of_all_processes": {"reading and detecting": detecting, "linking": linking},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("video", type=Path, nargs="+")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--videos", type=int, default=4, help="videos a process")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, metavar="KEY=VALUE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number there too")
    arguments = parser.parse_args(arguments)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # workers that wait must not take the cores of others
    device = torch.cuda.get_device_name() if arguments.device == "cuda" else "CPU"
    print(f"{device}, {len(os.sched_getaffinity(0))} cores, torch {torch.__version__}", flush=True)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        num_copies = 1 + max(arguments.processes) * arguments.videos
        tasks = [(arguments.video[index % len(arguments.video)], index, Path(folder)) for index in range(num_copies)]
        with multiprocessing.get_context("spawn").Pool() as pool:
            videos = pool.starmap(write_copy, tasks)
        for num_processes in arguments.processes:
            result = measure(arguments, videos, num_processes)
            rate = result["frames"] / result["seconds"]
            results.append({**result, "frames_per_second": rate})
            print(
                f"{num_processes:3d} processes: {result['videos']} videos, {result['frames']} frames, {rate:.1f} /s; "
                f"THUMOS13 in {THUMOS13_FRAMES / rate / 3600:.2f} hours; seconds of all processes: "
                + ", ".join(f"{step} {each:.1f}" for step, each in result["seconds_of_all_processes"].items()),
                flush=True,
            )
    if arguments.json:
        arguments.json.write_text(json.dumps({"device": device, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()

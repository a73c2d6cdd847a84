"""How fast a config's model trains: videos a second, arithmetic a second, and how long it waits for frames.

Videos are drawn into a temporary folder, each with random tubes that span it. Then the config's own pipeline, model and
optimizer take steps, from random weights. Arithmetic is that of convolutions and matrix products, forward and backward,
as torch counts it; beside it is what a large matrix product reaches in the same precision.

    python tools/benchmarks/training.py [CONFIG] [--device cpu|cuda] [--precisions float32 tf32 bfloat16] [--steps 50]
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from rich import box
from rich.console import Console
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode

from actorsup.engine import load_config
from actorsup.io import Fingerprint, Proposals, TubeStore
from actorsup.registry import MODELS
from actorsup.structures import Tube

CONFIG = Path(__file__).parents[2] / "configs/actorsup_vgg16_thumos13.py"
PRECISIONS = ("float32", "tf32", "bfloat16")
MATRIX = {"cpu": 2048, "cuda": 8192}  # size of the product that speed is compared with


def draw_videos(folder: Path, num_videos: int, num_frames: int, size: tuple[int, int]) -> None:
    """Noise that drifts, MPEG-4, and the annotation that names the videos."""
    width, height = size
    videos = []
    (folder / "videos").mkdir()
    for index in range(num_videos):
        ground = np.random.default_rng(index).integers(0, 255, (height // 8, width // 8 + num_frames, 3), np.uint8)
        ground = cv2.resize(ground, None, fx=8, fy=8)
        path = folder / "videos" / f"{index}.mp4"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25, size)
        for frame in range(num_frames):
            writer.write(np.ascontiguousarray(ground[:height, frame : frame + width]))
        writer.release()
        videos.append({"video": str(index), "split": "train", "labels": [f"class {index % 2}"]})
    annotation = {"format": "actorsup.videos", "version": 2, "name": "drawn", "classes": ["class 0", "class 1"]}
    (folder / "annotation.json").write_text(json.dumps(annotation | {"videos": videos}))


def store_tubes(folder: Path, num_videos: int, num_tubes: int, num_frames: int, size: tuple[int, int]) -> None:
    """Random boxes, the same in every frame of a video."""
    store = TubeStore(folder / "tubes", Fingerprint.of())
    store.create()
    generator = np.random.default_rng(0)
    for video in range(num_videos):
        corners = np.sort(generator.random((num_tubes, 2, 2)), axis=1).reshape(-1, 4) * [*size, *size]
        boxes = np.repeat(corners[:, None].astype(np.float32), num_frames, axis=1)
        tubes = tuple(Tube(0, of_tube, np.ones(num_frames, np.float32), 0.9, 0) for of_tube in boxes)
        store.save(str(video), Proposals(tubes, num_frames, size))


def make_dataloader(config: Config, folder: Path, batch_size: int, num_workers: int):
    """The config's pipeline over the drawn videos, without end."""
    dataset = {
        "type": "AnnotatedVideos",
        "data_root": str(folder),
        "ann_file": "annotation.json",
        "tube_store": str(folder / "tubes"),
        "pipeline": config.train_dataloader.dataset.pipeline,
    }
    return Runner.build_dataloader(
        {
            "batch_size": batch_size,
            "num_workers": num_workers,
            "persistent_workers": num_workers > 0,
            "sampler": {"type": "InfiniteSampler", "shuffle": True},
            "dataset": dataset,
        },
        seed=0,
    )


def synchronize(device: str) -> None:
    """Wait for the device."""
    if device == "cuda":
        torch.cuda.synchronize()


def set_precision(precision: str) -> torch.dtype:
    """Let float32 products be rounded or not; the type that matrix products are computed in."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def matrix_rate(device: str, dtype: torch.dtype) -> float:
    """Floating-point operations a second of a product of two large random matrices; the median of nine."""
    size = MATRIX[device]
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    times = []
    for _ in range(10):
        synchronize(device)
        start = time.perf_counter()
        a @ b
        synchronize(device)
        times.append(time.perf_counter() - start)
    return 2 * size**3 / statistics.median(times[1:])


def measure(config: Config, batches: Iterator, precision: str, num_steps: int, device: str) -> dict:
    """Train for some steps, after two that are not counted."""
    dtype = set_precision(precision)
    torch.manual_seed(0)
    model = MODELS.build(config.model).to(device).train()
    optimizer = dict(config.optim_wrapper)
    if dtype == torch.bfloat16:
        optimizer |= {"type": "AmpOptimWrapper", "dtype": "bfloat16"}
    optimizer = build_optim_wrapper(model, optimizer)
    counter = FlopCounterMode(display=False)
    with counter:
        model.train_step(next(batches), optimizer)
    model.train_step(next(batches), optimizer)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    waited, times = [], []
    for _ in range(num_steps):
        synchronize(device)
        start = time.perf_counter()
        batch = next(batches)
        waited.append(time.perf_counter() - start)
        model.train_step(batch, optimizer)
        synchronize(device)
        times.append(time.perf_counter() - start)
    step = statistics.median(time - wait for time, wait in zip(times, waited, strict=True))
    return {
        "precision": precision,
        "videos_per_second": num_steps * len(batch["inputs"]) / sum(times),
        "step_seconds": step,
        "waiting": sum(waited) / sum(times),
        "flops_per_step": counter.get_total_flops(),
        "flops_per_second": counter.get_total_flops() / step,
        "matrix_flops_per_second": matrix_rate(device, dtype),
        "peak_bytes": torch.cuda.max_memory_allocated() if device == "cuda" else None,
    }


def table(results: Sequence[dict]) -> Table:
    """A row for each precision."""
    shown = Table(box=box.MARKDOWN)
    for name in ("precision", "videos/s", "ms a step", "waiting", "TFLOP/s", "of a product's", "peak GB"):
        shown.add_column(name, justify="right")
    for result in results:
        shown.add_row(
            result["precision"],
            f"{result['videos_per_second']:.1f}",
            f"{1e3 * result['step_seconds']:.1f}",
            f"{100 * result['waiting']:.0f} %",
            f"{result['flops_per_second'] / 1e12:.2f}",
            f"{100 * result['flops_per_second'] / result['matrix_flops_per_second']:.0f} %",
            "" if result["peak_bytes"] is None else f"{result['peak_bytes'] / 1e9:.1f}",
        )
    return shown


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, train, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", default=CONFIG, help="config file of the model; default: the paper's")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch-size", type=int, default=4, help="videos of a step")
    parser.add_argument("--workers", type=int, default=4, help="processes that decode; 0: none but the main one")
    parser.add_argument("--frames", type=int, default=180, help="length of a video")
    parser.add_argument("--size", type=int, nargs=2, default=(320, 240), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--tubes", type=int, default=20, help="of each video")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number there too")
    arguments = parser.parse_args(arguments)
    MMLogger.get_instance("mmengine", log_level="WARNING")  # no list of every parameter's options
    config = load_config(arguments.config)
    size, num_videos = tuple(arguments.size), 4 * arguments.batch_size
    results = []
    with tempfile.TemporaryDirectory() as folder, DefaultScope.overwrite_default_scope("actorsup"):
        draw_videos(Path(folder), num_videos, arguments.frames, size)
        store_tubes(Path(folder), num_videos, arguments.tubes, arguments.frames, size)
        batches = iter(make_dataloader(config, Path(folder), arguments.batch_size, arguments.workers))
        for precision in arguments.precisions:
            results.append(measure(config, batches, precision, arguments.steps, arguments.device))
    name = torch.cuda.get_device_name() if arguments.device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    machine = (
        f"{name}, torch {torch.__version__}, {arguments.workers} workers, batches of {arguments.batch_size} videos"
    )
    print(machine)
    Console(width=None if Console().is_terminal else 120).print(table(results))
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""What encoders give and cost: channels, strides, where their cells lie, milliseconds a frame and memory.

Weights are random, frames are noise. What is timed is the model, encoder, pooling and head, on one video with ten
tubes, of a CPU in processor time, which other programs do not lengthen: two threads that are always busy take half of
it. Memory is what a step takes beside the weights at most: of a CPU the resident size of a process of the encoder's
own, of a GPU by torch's count. The modes: ``predict`` without a gradient, ``train`` forward and backward, the same in
``bfloat16``, and with blocks that are computed again (``recompute``), or both; – where an encoder has no such blocks.

    python tools/benchmarks/encoders.py [NAME ...] [--modes predict train] [--device cpu|cuda] [--frames 16]
"""

import argparse
import json
import multiprocessing
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from actorsup.errors import InputError
from actorsup.models.encoders import measure_cell_center
from actorsup.registry import MODELS
from actorsup.structures import Tube, VideoSample

VIDEOMAE = {"model_type": "videomae", "image_size": 224, "num_frames": 16}
VJEPA2 = {"model_type": "vjepa2", "crop_size": 256, "frames_per_clip": 64}
LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16}
SMALL = {"hidden_size": 384, "num_hidden_layers": 12, "num_attention_heads": 6}


def timm(name: str, stride: int = 16, **options) -> dict:
    """A config."""
    return {"type": "TimmEncoder", "name": name, "stride": stride, **options}


def torchvision_video(name: str, node: str, padding: int = 0, temporal_padding: int = 0) -> dict:
    """A config; what is padded is skipped."""
    in_time = {"temporal_padding": temporal_padding, "skipped_maps": int(temporal_padding > 0)}
    in_space = {"padding": padding, "skipped_cells": int(padding > 0)}
    return {"type": "TorchvisionVideoEncoder", "name": name, "node": node, **in_space, **in_time}


def transformers_video(model: dict) -> dict:
    """A config."""
    return {"type": "TransformersVideoEncoder", "model": model}


ENCODERS = {
    "vgg16": {"type": "VGG16Encoder"},
    "squeezenet1_1": {"type": "TorchvisionEncoder", "name": "squeezenet1_1", "node": "features.12", "padding": 8},
    "efficientnet_lite0": timm("tf_efficientnet_lite0", padding=8),
    "convnext_tiny": timm("convnext_tiny"),
    "dinov2_small": timm("vit_small_patch14_dinov2", 14),
    "siglip_base": timm("vit_base_patch16_siglip_224"),
    "open_clip_rn50": {"type": "OpenClipEncoder", "name": "RN50", "project": True},
    "open_clip_vit_b_16": {"type": "OpenClipEncoder", "name": "ViT-B-16", "project": True},
    "r3d_18": torchvision_video("r3d_18", "layer3", 4, 2),
    "mc3_18": torchvision_video("mc3_18", "layer3", 4),
    "r2plus1d_18": torchvision_video("r2plus1d_18", "layer3", 4, 2),
    "s3d": torchvision_video("s3d", "features.12", 8, 2),
    "mvit_v2_s": torchvision_video("mvit_v2_s", "blocks.13", 8),
    "swin3d_t": torchvision_video("swin3d_t", "features.4"),
    "videomae_small": transformers_video({**VIDEOMAE, **SMALL, "intermediate_size": 1536}),
    "vjepa2_large": transformers_video({**VJEPA2, **LARGE}),
    "videomae_large": transformers_video({**VIDEOMAE, **LARGE, "intermediate_size": 4096}),
    "dinov2_large": timm("vit_large_patch14_dinov2", 14),
}
BIG = ("vjepa2_large", "videomae_large", "dinov2_large")  # for a GPU; not among those that are measured unasked
MODES = {
    "predict": {},
    "train": {},
    "recompute": {"checkpointing": True},
    "bfloat16": {"precision": "bfloat16"},
    "bfloat16+recompute": {"precision": "bfloat16", "checkpointing": True},
}


def cell_offset(encoder) -> list[float]:
    """How far the centre of a cell in the middle is off, in frames, if it takes clips, and pixels down and right."""
    strides = [encoder.stride] * 2
    cells, cell = [24, 24], [12, 11]
    if encoder.takes_clips:  # whose receptive fields are narrower, and inputs larger
        strides, cells, cell = [encoder.temporal_stride, *strides], [6, 12, 12], [3, 6, 5]
    size = [stride * count for stride, count in zip(strides, cells, strict=True)]
    center = measure_cell_center(encoder, tuple(size), tuple(cell))
    return [at - stride * (index + 0.5) for at, stride, index in zip(center, strides, cell, strict=True)]


def build(name: str, mode: str):
    """The model of an encoder."""
    torch.manual_seed(0)
    encoder = MODELS.build(ENCODERS[name])
    head = {"type": "MeanHead", "num_classes": 24, "in_channels": encoder.out_channels}
    parts = {"encoder": encoder, "pooling": {"type": "ActorRoIPool3D"}, "head": head}
    return MODELS.build({"type": "ActorLocalizer", **parts, **MODES[mode]})


def video(num_frames: int, size: tuple[int, int], num_tubes: int = 10) -> dict:
    """Noise, and boxes that stand still."""
    generator = np.random.default_rng(0)
    corners = np.sort(generator.random((num_tubes, 2, 2)), axis=1).reshape(-1, 4) * [*size, *size]
    boxes = np.repeat(corners[:, None].astype(np.float32), num_frames, axis=1)
    sample = VideoSample(
        video="noise",
        frame_indices=np.arange(num_frames),
        tubes=torch.from_numpy(boxes),
        frame_mask=torch.ones(num_tubes, num_frames, dtype=torch.bool),
        labels=(0,),
        proposals=tuple(Tube(0, of_tube, np.ones(num_frames, np.float32), 0.9, 0) for of_tube in boxes),
    )
    frames = torch.from_numpy(generator.integers(0, 256, (num_frames, 3, size[1], size[0]), np.uint8))
    return {"inputs": [frames], "data_samples": [sample]}


def resident(name: str) -> int:
    """Bytes of ``VmRSS``, what this process holds, or ``VmHWM``, the most that it has held since it was last reset."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) * 1024


def measure(name: str, mode: str, num_frames: int, size: tuple[int, int], device: str, rounds: int) -> dict:
    """Seconds and bytes of a step; nothing where the encoder has no such mode."""
    try:
        model = build(name, mode).to(device).train(mode != "predict")
    except InputError:
        return {}
    data = model.data_preprocessor(video(num_frames, size))

    def step() -> None:
        with torch.set_grad_enabled(mode != "predict"):
            if mode == "predict":
                model(**data, mode="predict")
            else:
                model(**data, mode="loss")["loss_action"].backward()
        model.zero_grad()
        if device == "cuda":
            torch.cuda.synchronize()

    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    else:
        Path("/proc/self/clear_refs").write_text("5")
    before = torch.cuda.memory_allocated() if device == "cuda" else resident("VmRSS")
    clock, seconds = time.perf_counter if device == "cuda" else time.process_time, []
    for _ in range(rounds + 1):
        start = clock()
        step()
        seconds.append(clock() - start)
    most = torch.cuda.max_memory_allocated() if device == "cuda" else resident("VmHWM")
    return {"seconds": statistics.median(seconds[1:]), "bytes": most - before}


def describe(name: str, modes: Sequence[str], *options) -> dict:
    """What the maps are, and what they cost in each mode."""
    costs = {mode: measure(name, mode, *options) for mode in modes}
    encoder = MODELS.build(ENCODERS[name])
    return {
        "channels": encoder.out_channels,
        "stride": encoder.stride,
        "temporal_stride": encoder.temporal_stride,
        "offset": cell_offset(encoder),
        "parameters": sum(parameter.numel() for parameter in encoder.parameters()),
        **costs,
    }


def alone(work, *arguments) -> dict:
    """What a function gives in a process of its own, whose memory is nothing else's."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ENCODERS)}")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=["predict", "train"])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--size", type=int, nargs=2, default=[320, 240], metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number there too")
    arguments = parser.parse_args(arguments)
    names = arguments.names or [name for name in ENCODERS if name not in BIG]
    if unknown := [name for name in names if name not in ENCODERS]:
        parser.error(f"no encoder {unknown[0]!r}: {', '.join(ENCODERS)}")
    device = torch.cuda.get_device_name() if arguments.device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    width, height = arguments.size
    print(f"{device}, torch {torch.__version__}; {arguments.frames} frames of {width}×{height}\n")
    costs = " | ".join(f"{mode}, ms a frame | MB" for mode in arguments.modes)
    print(f"| encoder | C | stride, px | frames a map | off by | parameters, M | {costs} |")
    print("| --- " * (6 + 2 * len(arguments.modes)) + "|", flush=True)
    results = {}
    for name in names:
        options = arguments.frames, tuple(arguments.size), arguments.device, arguments.rounds
        results[name] = found = alone(describe, name, arguments.modes, *options)
        off = ", ".join(f"{round(of, 1) + 0.0:g}" for of in found["offset"])
        row = [name, found["channels"], found["stride"], found["temporal_stride"], off, found["parameters"] // 10**6]
        for cost in (found[mode] for mode in arguments.modes):
            row += [f"{1e3 * cost['seconds'] / arguments.frames:.1f}", f"{cost['bytes'] / 1e6:.0f}"] if cost else "––"
        print(f"| {' | '.join(map(str, row))} |", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"device": device, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()

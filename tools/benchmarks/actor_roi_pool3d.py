"""How fast and how large actor-of-interest pooling is, beside what one would use instead.

Each alternative computes the same (this is checked first): a pooling of every frame, then the mean over frames. All
take turns in one run; medians are shown. The floor is the time to read the features once and write the result once at
the copy bandwidth of this machine. On a GPU two times are shown: of a call, until its result is there, and of its
kernels alone, as a CUDA graph replays them.

    python tools/benchmarks/actor_roi_pool3d.py [--device cpu|cuda] [--json FILE] [--quick]
"""

import argparse
import ctypes
import importlib.util
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
import torchvision
from rich import box
from rich.console import Console
from rich.table import Table
from torch import Tensor

from actorsup.ops import actor_roi_pool3d
from actorsup.ops.ops import build_info

STRIDE = 16
OUTPUT_SIZE = (5, 5)
ALTERNATIVES = ("torchvision", "mmcv", "grid_sample")
MEMORY_LIMIT = 6e9  # bytes that an alternative may need for its per-frame results; above, it is left out


@dataclass(frozen=True)
class Case:
    """Sizes of one measurement; every video has as many tubes."""

    name: str
    num_videos: int = 1
    num_frames: int = 16
    num_tubes: int = 100
    channels: int = 512
    height: int = 15
    width: int = 20
    channels_last: bool = False
    dtype: str = "float32"

    def output_bytes(self) -> int:
        """Of the pooled features."""
        return self._itemsize() * self.num_tubes * self.channels * OUTPUT_SIZE[0] * OUTPUT_SIZE[1]

    def feature_bytes(self) -> int:
        """Of the feature maps."""
        return self._itemsize() * self.num_videos * self.num_frames * self.channels * self.height * self.width

    def _itemsize(self) -> int:
        return getattr(torch, self.dtype).itemsize


PAPER = [
    Case("paper's size", num_videos=4, num_tubes=80),
    Case("paper's size, channels last", num_videos=4, num_tubes=80, channels_last=True),
]
# What encoders on a GPU may give beside: half precision, and many tubes in their memory's order.
ON_GPU = [
    Case("P = 500, channels last", num_tubes=500, channels_last=True),
    Case("paper's size, float16", num_videos=4, num_tubes=80, dtype="float16"),
    Case("paper's size, channels last, float16", num_videos=4, num_tubes=80, channels_last=True, dtype="float16"),
    Case("P = 500, channels last, float16", num_tubes=500, channels_last=True, dtype="float16"),
]
SWEEPS = [
    *(Case(f"P = {number}", num_tubes=number) for number in (5, 20, 100, 500)),
    *(Case(f"N = {number}", num_frames=number) for number in (4, 64, 300)),
    *(Case(f"C = {number}", channels=number) for number in (64, 256, 1024)),
]


class Inputs:
    """Random features and boxes inside of the map, where all borders are treated alike, as each alternative wants them.

    What the alternatives need of the boxes is computed here and is not part of their time.
    """

    def __init__(self, case: Case, device: str) -> None:
        generator = torch.Generator().manual_seed(0)
        size = torch.tensor([case.width, case.height] * 2) * float(STRIDE)
        corners = torch.rand((case.num_tubes, case.num_frames, 2, 2), generator=generator).sort(dim=2).values.flatten(2)
        shape = (case.num_videos, case.num_frames, case.channels, case.height, case.width)
        dtype = getattr(torch, case.dtype)
        features = torch.randn(shape, generator=generator).to(device, dtype)
        if case.channels_last:
            features = features.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
        self.features = features
        self.tubes = (STRIDE / 2 + corners * (size - STRIDE)).to(device)
        self.video_index = torch.arange(case.num_tubes, device=device) // (case.num_tubes // case.num_videos)
        self.case = case
        frames = torch.arange(case.num_frames, device=device)
        image_index = self.video_index[:, None] * case.num_frames + frames
        self.rois = torch.cat([image_index[..., None].float(), self.tubes], dim=-1).flatten(0, 1).to(dtype)
        self.grid = self._grid(size.to(device)).to(dtype)
        shape = (case.num_tubes, case.channels, *OUTPUT_SIZE)
        self.grad = torch.randn(shape, generator=generator).to(device, dtype)

    def _grid(self, size: Tensor) -> Tensor:
        """``(B · N, P / B · Y, X, 2)`` for ``grid_sample``: all tubes of a frame below each other."""
        case, (num_rows, num_columns) = self.case, OUTPUT_SIZE
        x1, y1, x2, y2 = (2 * self.tubes / size - 1).unbind(dim=-1)
        xs = torch.stack([x1 + (i + 0.5) / num_columns * (x2 - x1) for i in range(num_columns)], dim=-1)
        ys = torch.stack([y1 + (j + 0.5) / num_rows * (y2 - y1) for j in range(num_rows)], dim=-1)
        grid = torch.stack(torch.broadcast_tensors(xs[:, :, None, :], ys[:, :, :, None]), dim=-1)
        grid = grid.unflatten(0, (case.num_videos, -1)).transpose(1, 2)  # (B, N, P / B, Y, X, 2)
        return grid.reshape(case.num_videos * case.num_frames, -1, num_columns, 2)


def pool_with_actorsup(inputs: Inputs, features: Tensor) -> Tensor:
    """The operator of this package."""
    return actor_roi_pool3d(features, inputs.tubes, inputs.video_index, OUTPUT_SIZE, 1 / STRIDE)


def pool_with_torchvision(inputs: Inputs, features: Tensor) -> Tensor:
    """RoIAlign of every frame, one sample a bin, and the mean."""
    pooled = torchvision.ops.roi_align(features.flatten(0, 1), inputs.rois, OUTPUT_SIZE, 1 / STRIDE, 1, aligned=True)
    return pooled.unflatten(0, (-1, inputs.case.num_frames)).mean(dim=1)


def pool_with_mmcv(inputs: Inputs, features: Tensor) -> Tensor:
    """The same with mmcv's RoIAlign."""
    from mmcv.ops import roi_align

    # mmcv's kernel reads contiguous maps only.
    maps = features.flatten(0, 1).contiguous()
    pooled = roi_align(maps, inputs.rois, OUTPUT_SIZE, 1 / STRIDE, 1, "avg", True)
    return pooled.unflatten(0, (-1, inputs.case.num_frames)).mean(dim=1)


def pool_with_grid_sample(inputs: Inputs, features: Tensor) -> Tensor:
    """All tubes of a frame in one call of ``grid_sample``, and the mean."""
    sampled = F.grid_sample(features.flatten(0, 1), inputs.grid, align_corners=False)
    mean = sampled.unflatten(0, (-1, inputs.case.num_frames)).mean(dim=1)  # (B, C, P / B · Y, X)
    return mean.unflatten(2, (-1, OUTPUT_SIZE[0])).transpose(1, 2).flatten(0, 1)


POOLINGS: dict[str, Callable[[Inputs, Tensor], Tensor]] = {
    "actorsup": pool_with_actorsup,
    "torchvision": pool_with_torchvision,
    "mmcv": pool_with_mmcv,
    "grid_sample": pool_with_grid_sample,
}


def synchronize(device: str) -> None:
    """Wait for the device."""
    if device == "cuda":
        torch.cuda.synchronize()


def seconds(function: Callable[[], object], device: str) -> float:
    """Time of one call."""
    synchronize(device)
    start = time.perf_counter()
    function()
    synchronize(device)
    return time.perf_counter() - start


def device_seconds(function: Callable[[], object], num_replays: int = 20) -> float:
    """Time of the kernels of one call: replays of a CUDA graph, one after the other."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        function()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    graph.replay()
    start.record()
    for _ in range(num_replays):
        graph.replay()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3 / num_replays


def forward(pooling: Callable, inputs: Inputs) -> None:
    """Without a graph."""
    with torch.no_grad():
        pooling(inputs, inputs.features)


def forward_and_backward(pooling: Callable, inputs: Inputs) -> Tensor:
    """The gradient of the features."""
    features = inputs.features.detach().requires_grad_()
    pooling(inputs, features).backward(inputs.grad)
    return features.grad


def peak_bytes(function: Callable[[], object], device: str) -> int:
    """How much more memory is taken during a call than before it, the result included."""
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        function()
        return torch.cuda.max_memory_allocated() - before
    ctypes.CDLL(None).malloc_trim(0)  # or memory that was freed earlier would be taken again, unseen
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = _status("VmRSS")
    function()
    return _status("VmHWM") - before


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(key))


def copy_bandwidth(device: str) -> float:
    """Bytes read and written a second, by copying 256 MB."""
    source = torch.zeros(64 << 20, device=device)
    target = torch.ones_like(source)
    return 2 * source.nbytes / statistics.median(seconds(lambda: target.copy_(source), device) for _ in range(9))


def unusable(name: str, case: Case) -> str:
    """Why an alternative is left out, or an empty string."""
    per_frame = case.num_frames * case.output_bytes()
    if name != "actorsup" and 3 * per_frame + 2 * case.feature_bytes() > MEMORY_LIMIT:
        return f"needs {3 * per_frame / 1e9:.1f} GB"
    if name == "mmcv":
        operators = importlib.util.find_spec("mmcv._ext")
        if operators is None or operators.loader is None:  # there are none, or what ActorDetector puts in their place
            return "not built"
    return ""


def measure(case: Case, device: str, bandwidth: float, num_seconds: float) -> dict:
    """Medians of all poolings that can be used, taking turns for about so long, and three rounds at least."""
    inputs = Inputs(case, device)
    result = {"case": asdict(case), "skipped": {}, "output_bytes": case.output_bytes(), "poolings": {}}
    result["floor_seconds"] = (case.feature_bytes() + case.output_bytes()) / bandwidth
    names = []
    expected = pool_with_actorsup(inputs, inputs.features)
    expected_grad = forward_and_backward(pool_with_actorsup, inputs)
    for name, pooling in POOLINGS.items():
        if reason := unusable(name, case):
            result["skipped"][name] = reason
            continue
        if case.dtype == "float32":  # others round boxes, and the results of every frame
            torch.testing.assert_close(pooling(inputs, inputs.features), expected, rtol=1e-4, atol=1e-4)
            torch.testing.assert_close(forward_and_backward(pooling, inputs), expected_grad, rtol=1e-4, atol=1e-4)
        names.append(name)

    times = {(name, kind): [] for name in names for kind in (forward, forward_and_backward)}
    start = time.perf_counter()
    while len(times[names[0], forward]) < 3 or (
        len(times[names[0], forward]) < 25 and time.perf_counter() - start < num_seconds
    ):
        for (name, kind), seen in times.items():
            seen.append(seconds(lambda kind=kind, name=name: kind(POOLINGS[name], inputs), device))
    for name in names:
        result["poolings"][name] = {
            "forward_seconds": statistics.median(times[name, forward]),
            "forward_backward_seconds": statistics.median(times[name, forward_and_backward]),
            "rounds": len(times[name, forward]),
            "forward_peak_bytes": peak_bytes(lambda name=name: forward(POOLINGS[name], inputs), device),
        }
        if device == "cuda":
            result["poolings"][name] |= {
                f"{kind.__name__}_kernel_seconds": device_seconds(
                    lambda name=name, kind=kind: kind(POOLINGS[name], inputs)
                )
                for kind in (forward, forward_and_backward)
            }
    return result


def tables(results: list[dict]) -> list[Table]:
    """Times and memory: ours in full, the alternatives' times as multiples of it."""
    shown = [time_table(results, "time", ("forward_seconds", "forward_backward_seconds"))]
    if "forward_kernel_seconds" in results[0]["poolings"]["actorsup"]:
        kinds = ("forward_kernel_seconds", "forward_and_backward_kernel_seconds")
        shown.append(time_table(results, "time of the kernels alone", kinds))
    return [*shown, memory_table(results)]


def time_table(results: list[dict], title: str, kinds: tuple[str, str]) -> Table:
    """Ours and the floor in ms, the alternatives as multiples of ours."""
    table = Table(title=f"{title}: ours and the floor in ms, the alternatives as multiples of ours", box=box.MARKDOWN)
    for column in ("case", "floor", *(c for kind in ("forward", "both") for c in (kind, *ALTERNATIVES))):
        table.add_column(column, justify="left" if column == "case" else "right")
    for result in results:
        poolings, skipped = result["poolings"], result["skipped"]
        cells = [result["case"]["name"], f"{1e3 * result['floor_seconds']:.3f}"]
        for kind in kinds:
            ours = poolings["actorsup"][kind]
            cells.append(f"{1e3 * ours:.3f}")
            cells += [
                f"{poolings[other][kind] / ours:.1f}×" if other in poolings else skipped[other]
                for other in ALTERNATIVES
            ]
        table.add_row(*cells)
    return table


def memory_table(results: list[dict]) -> Table:
    """Peak memory of the forward in MB."""
    memory = Table(title="extra peak memory of the forward, MB, the result included", box=box.MARKDOWN)
    for column in ("case", "result", *POOLINGS):
        memory.add_column(column, justify="left" if column == "case" else "right")
    for result in results:
        poolings, skipped = result["poolings"], result["skipped"]
        peaks = [f"{poolings[o]['forward_peak_bytes'] / 1e6:.1f}" if o in poolings else skipped[o] for o in POOLINGS]
        memory.add_row(result["case"]["name"], f"{result['output_bytes'] / 1e6:.1f}", *peaks)
    return memory


def processor(device: str) -> str:
    """The name of what was measured."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())


def main() -> None:
    """Measure all cases and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number there too")
    parser.add_argument("--quick", action="store_true", help="the paper's size alone")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each case is measured")
    arguments = parser.parse_args()
    device = arguments.device
    bandwidth = copy_bandwidth(device)
    machine = (
        f"{processor(device)}, {torch.get_num_threads()} threads, copy {bandwidth / 1e9:.1f} GB/s, "
        f"torch {torch.__version__}, operator for {build_info()}"
    )
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=140)
    console.print(
        f"{machine}\nEach other case is B = 1, N = 16, P = 100, C = 512 but for what it names; 15×20 maps, float32."
    )
    results = []
    with console.status("") as status:
        cases = PAPER if arguments.quick else [*PAPER, *SWEEPS]
        for case in [*cases, *ON_GPU] if device == "cuda" else cases:
            status.update(case.name)
            results.append(measure(case, device, bandwidth, arguments.seconds))
    for table in tables(results):
        console.print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""How long a model takes for a video, in PyTorch and exported: medians of turns in one run.

The heads' weights are random, and the video is noise: what is found is meaningless, what it costs is not. All get the
uint8 frames and the tubes of one video, as many and as large as the config says, and say the same, which the export has
checked. Eager is the model as `actorsup test` runs it, with the compiled operator.

    python tools/benchmarks/export.py CONFIG… [--rounds N] [--cfg-options KEY=VALUE]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from mmengine.config import DictAction
from mmengine.logging import MMLogger

from actorsup.engine import export_localizer, load_config
from actorsup.engine.export import noise
from actorsup.models import ExportedLocalizer
from actorsup.registry import MODELS
from actorsup.structures import Tube, VideoSample


def measure(config, num_rounds: int, num_tubes: int) -> dict[str, float]:
    """Median seconds of one video, by how it is run."""
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.init_weights()
    model.eval()
    classes = [f"class {index}" for index in range(model.head.num_classes)]
    config.test_dataloader.dataset.classes = classes
    with tempfile.TemporaryDirectory() as folder:
        checkpoint, file = Path(folder) / "model.pth", Path(folder) / "model.onnx"
        torch.save({"state_dict": model.state_dict(), "meta": {"dataset_meta": {"classes": classes}}}, checkpoint)
        size = export_localizer(config, checkpoint, file)["size"]
        exported = ExportedLocalizer(file, config.model.get("post_processing", ()))
        program = Path(folder) / "model.pt2"
        export_localizer(config, checkpoint, program)
        compiled = torch.export.load(program).module()
    sampling = next(step for step in config.test_dataloader.dataset.pipeline if step["type"] == "SampleFrames")
    inputs = noise(num_tubes, sampling.get("num_frames", 16), tuple(size))
    frames, tubes, weights = inputs
    proposals = tuple(Tube(0, tube.numpy(), np.ones(len(frames)), 1.0, 0) for tube in tubes)
    sample = VideoSample("noise", np.arange(len(frames)), tubes, weights > 0, proposals=proposals)
    batch = {"inputs": [frames], "data_samples": [sample]}
    ways: dict[str, Callable[[], object]] = {
        "eager": lambda: model.test_step(batch),
        "onnxruntime": lambda: exported.test_step(batch),
        "torch.export": lambda: compiled(*inputs),
    }
    seconds = {name: [] for name in ways}
    with torch.no_grad():
        for _ in range(num_rounds + 1):
            for name, work in ways.items():
                start = time.perf_counter()
                work()
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="+")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tubes", type=int, default=20)
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, metavar="KEY=VALUE")
    arguments = parser.parse_args(arguments)
    MMLogger.get_instance("mmengine", log_level="WARNING")  # no list of how every weight begins
    print(
        f"CPU, {torch.get_num_threads()} threads, torch {torch.__version__}, onnxruntime {onnxruntime.__version__}; "
        f"{arguments.tubes} tubes, medians of {arguments.rounds}"
    )
    for name in arguments.configs:
        config = load_config(name, options=arguments.cfg_options)
        seconds = measure(config, arguments.rounds, arguments.tubes)
        times = ", ".join(f"{way} {1000 * value:.1f} ms" for way, value in seconds.items())
        print(f"{name}: {times}; eager / onnxruntime {seconds['eager'] / seconds['onnxruntime']:.2f}", flush=True)


if __name__ == "__main__":
    main()

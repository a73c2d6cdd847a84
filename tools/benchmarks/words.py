"""Which regions words find actions in best: crops of tubes, with a margin or masked, or pooled maps of the whole frame.

    python tools/benchmarks/words.py [CONFIG] [--regions padded masked dense] [--cfg-options KEY=VALUE …]

CONFIG, by default words_openclip_crowd, has a ``TextHead`` and a ``CropPool``; nothing is trained. Each kind of region
is measured on its test videos as `actorsup test` does it, into a folder of its own in ``--work-dir``. With random
weights the numbers mean nothing.

=========  =============================================================================================
padded     a square of the longer side of the box and a fifth
wide       a square of twice the longer side
masked     the box alone, in the mean colour
dense      maps of the whole frame in the joint space, of ``OpenClipEncoder``, pooled by ``ActorRoIPool3D``
=========  =============================================================================================
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from actorsup.cli.output import print_table
from actorsup.engine import evaluate, load_config, parse_options

CROPS = {
    "padded": {"context": 0.2, "masked": False},
    "wide": {"context": 1.0, "masked": False},
    "masked": {"context": 0.0, "masked": True},
}
GRID, FRAME_SIZE = (5, 5), (448, 352)  # of pooled maps; of the frames that are encoded whole, in pixels
MEASURES = ("mAP@0.2", "mAP@0.5", "localization@0.5", "accuracy")


def with_regions(config: Config, name: str) -> Config:
    """Change a config of crops to regions of one kind."""
    if name in CROPS:
        config.model.pooling.update(CROPS[name])
        return config
    images = config.model.pooling.images
    encoder = {"type": "OpenClipEncoder", "name": images.name, "weights": images.weights, "project": True}
    config.model.encoder = {"type": "FrozenEncoder", "encoder": encoder}
    config.model.pooling = {"type": "ActorRoIPool3D", "output_size": GRID}
    config.model.head.roi_size = GRID
    steps = [step for step in config.test_dataloader.dataset.pipeline if step.type != "ResizeFrames"]
    resize = {"type": "ResizeFrames", "size": FRAME_SIZE}
    config.test_dataloader.dataset.pipeline = [*steps[:-1], resize, steps[-1]]
    return config


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", default="words_openclip_crowd")
    parser.add_argument("--regions", nargs="+", choices=[*CROPS, "dense"], default=[*CROPS, "dense"])
    parser.add_argument("--work-dir", type=Path, default=Path("work_dirs/words"))
    parser.add_argument("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    arguments = parser.parse_args(arguments)
    rows = []
    for name in arguments.regions:
        options = parse_options(arguments.cfg_options)
        config = with_regions(load_config(arguments.config, arguments.work_dir / name, options), name)
        start = time.perf_counter()
        numbers = evaluate(config, None).numbers
        measured = {measure: numbers[measure] for measure in MEASURES if measure in numbers}
        rows.append({"regions": name, **measured, "seconds": time.perf_counter() - start})
    print_table(f"{arguments.config}, untrained", rows)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()

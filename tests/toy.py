"""A small dataset in THUMOS13's format, a user's own parts in a file outside the package, and a config that uses both.

Squares move over a dark ground: red ones play basketball, blue ones ride bikes. A detector of bright colours sees them.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config

from actorsup.registry import MODELS
from tests.conftest import moving_square, write_video
from tests.running import run_script

REPOSITORY = Path(__file__).parent.parent
NUM_FRAMES = 12

PARTS = '''
"""A user's own detector and head."""

import numpy as np

from actorsup.models.heads import TubeHead
from actorsup.registry import DETECTORS, MODELS
from actorsup.structures import Detections


@DETECTORS.register_module()
class BrightColorDetector:
    actors = ("square",)

    def __init__(self, threshold=150):
        self.threshold = threshold

    def detect(self, frames):
        for frame in frames:
            rows, columns = np.nonzero(frame.max(axis=2) > self.threshold)
            if len(rows) < 20:
                yield Detections.empty()
                continue
            box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            yield Detections([box], [0.9], [0])


@MODELS.register_module()
class MedianHead(TubeHead):
    """The middle tube speaks for the video."""

    def aggregate(self, tube_logits, features):
        return tube_logits.median(dim=0).values
'''

CONFIG = """
_base_ = [
    "{repository}/configs/_base_/models/actorsup_squeezenet.py",
    "{repository}/configs/_base_/datasets/thumos13.py",
    "{repository}/configs/_base_/schedules/paper_30e.py",
    "{repository}/configs/_base_/default_runtime.py",
]
custom_imports = dict(imports=["toy_parts"])
work_dir = "{root}/work"
proposals = dict(
    root="{root}/proposals",
    detector="color",
    detectors=dict(color=dict(type="BrightColorDetector")),
    linker="siamese",
    linkers=dict(
        siamese=dict(
            type="SiameseLinker",
            tracker=dict(
                type="SiameseTracker",
                network=dict(
                    type="SiameseNetwork",
                    backbone=dict(type="TorchvisionEncoder", name="squeezenet1_1", node="features.4"),
                    correlation=dict(type="CrossCorrelation", normalized=True),
                ),
                num_scales=1,
            ),
        ),
        viterbi=dict(type="ViterbiLinker"),
    ),
)
image_size = (96, 64)
train_pipeline = [
    dict(type="SampleFrames", num_frames=4, mode="random"),
    dict(type="DecodeFrames"),
    dict(type="AttachTubes", max_tubes=20),
    dict(type="ResizeFrames", size=image_size),
    dict(type="FlipFrames", prob=0.5),
    dict(type="PackVideo"),
]
test_pipeline = [
    dict(type="SampleFrames", num_frames=4, mode="center"),
    dict(type="DecodeFrames"),
    dict(type="AttachTubes", max_tubes=20),
    dict(type="ResizeFrames", size=image_size),
    dict(type="PackVideo"),
]
data = dict(data_root="{root}", classes=["Basketball", "Biking"])
train_dataloader = dict(
    batch_size=2, num_workers=0, persistent_workers=False, dataset=dict(pipeline=train_pipeline, **data)
)
test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(pipeline=test_pipeline, **data))
model = dict(
    encoder=dict(weights=None, node="features.4", padding=4),
    head=dict(_delete_=True, type="MedianHead", in_channels=128, num_classes=2),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=1.0))
train_cfg = dict(max_epochs=3)
default_hooks = dict(logger=dict(interval=1))
"""


def frames_of(action: str, num_frames: int = NUM_FRAMES) -> np.ndarray:
    """A red square for basketball, a blue one for biking."""
    frames = moving_square(num_frames)
    return frames if action == "Basketball" else frames[..., ::-1]


def make_toy(root: Path) -> Path:
    """Write the dataset, the user's parts and the config; return the config's path."""
    annotations = {}
    lists = {"trainlist01.txt": [], "testlist01.txt": []}
    for action, label in [("Basketball", 0), ("Biking", 2)]:
        for group, split in [(1, "testlist01.txt"), (8, "trainlist01.txt"), (9, "trainlist01.txt")]:
            name = f"{action}/v_{action}_g{group:02d}_c01"
            write_video(root / "videos" / f"{name}.avi", frames_of(action))
            # 1-based pixels x y w h at 320×240; the videos are 96×64.
            left = 4 + 2 * np.arange(NUM_FRAMES)
            columns = [left * 320 / 96 + 1, np.full(NUM_FRAMES, 16 * 240 / 64 + 1)]
            boxes = np.stack([*columns, np.full(NUM_FRAMES, 66), np.full(NUM_FRAMES, 75)], axis=1)
            tube = {"label": label, "sf": 0, "ef": NUM_FRAMES, "boxes": boxes.round().astype(np.uint16)}
            annotations[name] = {"numf": NUM_FRAMES, "label": label, "annotations": [tube]}
            lists[split].append(f"{name}.avi {label + 1}" if split.startswith("train") else f"{name}.avi")
    (root / "splits").mkdir()
    for name, lines in lists.items():
        (root / "splits" / name).write_text("\n".join(lines) + "\n")
    (root / "pyannot.pkl").write_bytes(pickle.dumps(annotations))
    (root / "toy_parts.py").write_text(PARTS)
    config = root / "toy_config.py"
    config.write_text(CONFIG.format(repository=REPOSITORY, root=root))
    return config


def run_tool(name: str, *arguments, root: Path) -> subprocess.CompletedProcess:
    """Run this checkout's tool in this process, with the folder of the user's parts on the path, in that folder."""
    return run_script(REPOSITORY / "tools" / f"{name}.py", *arguments, folder=root)


def run_processes(name: str, *arguments, root: Path, num_processes: int = 1) -> subprocess.CompletedProcess:
    """Run a tool as a user does, in a process of its own or in several that torchrun starts."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={num_processes}"]
    process = start_tool(name, *arguments, root=root, launcher=torchrun if num_processes > 1 else [])
    stdout, stderr = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def start_tool(
    name: str, *arguments, root: Path, environment: Mapping[str, str] | None = None, launcher: Sequence[str] = ()
) -> subprocess.Popen:
    """Start a tool in a process of its own, in the folder of the user's parts, which is on its path."""
    command = [sys.executable, *launcher, str(REPOSITORY / "tools" / f"{name}.py"), *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=root,
        # The package beside the tests, wherever another one is installed.
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{REPOSITORY}", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def untrained_checkpoint(config: Config, path: Path, classes: Sequence[str] = ("Basketball", "Biking")) -> Path:
    """Write a checkpoint of a config's model as training does, with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = MODELS.build(config.model)
    meta = {"cfg": config.pretty_text, "dataset_meta": {"classes": tuple(classes)}}
    torch.save({"state_dict": model.state_dict(), "meta": meta}, path)
    return path

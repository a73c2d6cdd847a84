"""Videos, a detector and a linker for tests that start processes, and what a process of them runs."""

import os
import time
from pathlib import Path

import numpy as np

from actorsup.linkers import Linker
from actorsup.proposals import GenerationReport, ProposalConfig, ProposalGenerator
from actorsup.registry import DETECTORS, LINKERS
from actorsup.structures import Detections, Tube
from tests.conftest import moving_square, write_video


@DETECTORS.register_module()
class SlowDetector:
    """One box a frame, from the frame's pixels, after some time."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def detect(self, frames):
        for frame in frames:
            time.sleep(self.seconds)
            left = float(frame.mean())
            yield Detections([[left, 0, left + 10, 10]], [0.9], [0])


@LINKERS.register_module()
class BackwardLinker(Linker):
    """One tube; it reads the frames forward and backward."""

    def link(self, frames, detections):
        scores = np.zeros(len(frames))
        for index in [*range(len(frames)), *range(len(frames) - 1, -1, -1)]:
            scores[index] += frames[index].mean() / 512
        return [Tube(0, np.concatenate([found.boxes for found in detections]), scores, scores.mean(), 0)]


LENGTHS = {"a": 5, "b": 1, "c": 12, "d": 7, "e": 3, "f": 9}


def write_videos(folder: Path) -> dict[str, Path]:
    """Videos of different lengths, by name."""
    return {
        f"class/{name}": write_video(folder / "videos" / f"{name}.avi", moving_square(length))
        for name, length in LENGTHS.items()
    }


def proposal_config(root: Path, seconds: float = 0.0) -> ProposalConfig:
    return ProposalConfig.from_config(
        {
            "root": root,
            "detector": "slow",
            "detectors": {"slow": {"type": "SlowDetector", "seconds": seconds}},
            "linker": "backward",
            "linkers": {"backward": {"type": "BackwardLinker"}},
        }
    )


def run(root: Path, videos: dict[str, Path], seconds: float = 0.0) -> GenerationReport:
    return ProposalGenerator(proposal_config(root, seconds)).run(list(videos.items()))


def run_rank(root: Path, videos: dict[str, Path], seconds: float, rank: int, world_size: int, meeting: Path) -> None:
    """One of several processes; they find each other by a file. It leaves its report beside the stores."""
    import torch

    torch.distributed.init_process_group("gloo", f"file://{meeting}", rank=rank, world_size=world_size)
    try:
        report = run(root, videos, seconds)
    except Exception as error:
        meeting.with_name(f"report_{rank}").write_text(str(error))
        raise
    meeting.with_name(f"report_{rank}").write_text(repr(report))
    torch.distributed.destroy_process_group()


def content(root: Path) -> dict[str, bytes]:
    """Every file of all stores below a folder."""
    files = [path for path in root.rglob("*") if path.is_file()]
    assert files
    return {os.fspath(path.relative_to(root)): path.read_bytes() for path in files}

"""Videos, a detector and a linker for tests that start processes, and what a process of them runs."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np

from actorsup.errors import InputError
from actorsup.linkers import Linker
from actorsup.proposals import GenerationReport, ProposalConfig, ProposalGenerator
from actorsup.registry import DETECTORS, LINKERS
from actorsup.structures import Detections, Tube
from tests.conftest import moving_square, write_video


@DETECTORS.register_module()
class BrightnessDetector:
    """One box a frame, from the frame's pixels."""

    def detect(self, frames):
        return map(self.look, frames)

    def look(self, frame):
        left = float(frame.mean())
        return Detections([[left, 0, left + 10, 10]], [0.9], [0])


@DETECTORS.register_module()
class PickyDetector:
    """Cannot be built."""

    def __init__(self) -> None:
        raise InputError("PickyDetector has no folder for it")


@DETECTORS.register_module()
class LastingDetector:
    """Never comes to an end, and leaves a file of its process's number in a folder; or kills its process at once."""

    def __init__(self, folder: str, kills: bool = False) -> None:
        self.folder, self.kills = Path(folder), kills

    def detect(self, frames):
        (self.folder / str(os.getpid())).touch()
        if self.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(SECONDS_OF_A_STOP)
        yield


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


def proposal_config(root: Path, **detector) -> ProposalConfig:
    return ProposalConfig.from_config(
        {
            "root": root,
            "detector": "brightness",
            "detectors": {"brightness": detector or {"type": "BrightnessDetector"}},
            "linker": "backward",
            "linkers": {"backward": {"type": "BackwardLinker"}},
        }
    )


# Where a process can be killed: between two frames, with all detections of a video, and before a file gets its name.
MOMENTS = {"looks": (BrightnessDetector, "look"), "links": (BackwardLinker, "link"), "names": (os, "replace")}
SECONDS_OF_A_STOP = 600


@contextlib.contextmanager
def stops_when(moment: str, count: int, stopped: Path) -> Iterator[None]:
    """Stop for good, with a file that says so, where something is done the ``count``-th time."""
    owner, name = MOMENTS[moment]
    original, calls = getattr(owner, name), []

    def call(*arguments):
        calls.append(arguments)
        if len(calls) == count:
            stopped.touch()
            time.sleep(SECONDS_OF_A_STOP)
        return original(*arguments)

    with mock.patch.object(owner, name, call):
        yield


def run(root: Path, videos: dict[str, Path]) -> GenerationReport:
    return ProposalGenerator(proposal_config(root)).run(list(videos.items()))


def run_jobs(root: Path, videos: dict[str, Path], **detector) -> GenerationReport:
    """With two processes that this one starts."""
    generator = ProposalGenerator(proposal_config(root, **detector))
    return generator.run(list(videos.items()), jobs=2, imports=["tests.proposals.parts"])


def run_lasting_jobs(root: Path, videos: dict[str, Path], folder: Path) -> None:
    """Until it is interrupted, also in a run of the tests that was started so that Ctrl-C does not reach it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        run_jobs(root, videos, type="LastingDetector", folder=str(folder))


def run_until(root: Path, videos: dict[str, Path], moment: str, count: int, stopped: Path) -> None:
    """A process that does not end by itself, see ``stops_when``."""
    with stops_when(moment, count, stopped):
        run(root, videos)


def run_rank(root: Path, videos: dict[str, Path], rank: int, world_size: int, meeting: Path, *stop) -> None:
    """One of several processes; they find each other by a file. It leaves its report beside the stores.

    With arguments of ``stops_when`` it does not end by itself.
    """
    import torch

    torch.distributed.init_process_group("gloo", f"file://{meeting}", rank=rank, world_size=world_size)
    try:
        with stops_when(*stop) if stop else contextlib.nullcontext():
            report = run(root, videos)
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

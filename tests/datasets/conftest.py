"""A small THUMOS13 in the real format, and the warnings that a test has to expect."""

import logging
import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from mmengine.logging import MMLogger

from actorsup.datasets import AnnotatedVideos
from actorsup.datasets.formats.thumos13 import CLASSES
from actorsup.io import Fingerprint, Proposals, TubeStore
from actorsup.structures import Tube
from tests.conftest import moving_square, write_video

FORMAT = {"type": "THUMOS13", "split_lists": {"all": "list.txt"}}
MADE_BY = {"linker": {"type": "SiameseLinker"}}
# Name, number of tubes that the proposals hold.
VIDEOS = {
    "Basketball/v_Basketball_g01_c01": 2,
    "Biking/v_Biking_g01_c01": 1,
    "Biking/v_Biking_g02_c01": 0,
    "WalkingWithDog/v_WalkingWithDog_g01_c01": 3,
}
NUM_FRAMES, SIZE = 12, (96, 64)


@pytest.fixture(autouse=True)
def logged_warnings():
    """What our code warns of; a test that expects warnings takes them out with ``pop``, any other fails on them."""
    messages: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: messages.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)
    assert not messages, f"unexpected warnings: {messages}"


def make_tube(start: int, length: int, box=(10, 20, 30, 60), score: float = 1.0) -> Tube:
    """A tube whose box moves right by a pixel a frame."""
    boxes = np.array(box, np.float32) + np.arange(length)[:, None] * np.array([1, 0, 1, 0])
    return Tube(start, boxes, np.ones(length), score, 0)


def pyannot_entry(label: int, *, num_frames=NUM_FRAMES, first=2, end=9, box=(201, 101, 100, 60)) -> dict:
    """A video of one tube as ``pyannot.pkl`` has it; the box is one that overflows uint8 when width is added."""
    boxes = np.tile(np.array(box, np.uint8), (end - first, 1))
    tube = {"label": label, "ef": end, "boxes": boxes, "sf": first}
    return {"annotations": [tube], "numf": np.uint8(num_frames), "label": label}


def write_pickle(path: Path, content) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=3))
    return path


@dataclass
class SmallThumos13:
    root: Path

    def options(self, **changes) -> dict:
        """Arguments of a dataset that has everything, for training."""
        store = {"folder": str(self.root / "tubes"), "made_by": MADE_BY}
        return {"data_root": str(self.root), "format": FORMAT, "tube_store": store, **changes}

    def build(self, **changes) -> AnnotatedVideos:
        return AnnotatedVideos(**self.options(**changes))


@pytest.fixture
def thumos13(tmp_path) -> SmallThumos13:
    """Four videos of 12 frames, 96×64, with proposals and, but for the last, annotation at 320×240."""
    (tmp_path / "list.txt").write_text("".join(f"{name}.avi {_label(name) + 1}\n" for name in VIDEOS))
    annotated = list(VIDEOS)[:-1]
    write_pickle(tmp_path / "pyannot.pkl", {np.str_(name): pyannot_entry(_label(name)) for name in annotated})
    store = TubeStore(tmp_path / "tubes", Fingerprint(MADE_BY))
    store.create()
    for name, num_tubes in VIDEOS.items():
        write_video(tmp_path / "videos" / f"{name}.avi", moving_square(NUM_FRAMES, SIZE))
        tubes = tuple(make_tube(rank, NUM_FRAMES - rank) for rank in range(num_tubes))
        store.save(name, Proposals(tubes, NUM_FRAMES, SIZE))
    return SmallThumos13(tmp_path)


def _label(name: str) -> int:
    return CLASSES.index(name.split("/")[0])

"""The benchmark of linking runs, and compares the same tubes."""

import importlib.util

import numpy as np
import pytest

from actorsup.structures import Detections
from tests.toy import REPOSITORY

PATH = REPOSITORY / "tools/benchmarks/linking.py"
SETTINGS = {
    "type": "SiameseLinker",
    "batch_size": 2,
    "tracker": {
        "type": "SiameseTracker",
        "network": {"type": "SiameseNetwork", "backbone": {"type": "UnpaddedThinNet"}},
    },
}


@pytest.fixture(scope="module")
def program():
    spec = importlib.util.spec_from_file_location("benchmark_of_linking", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_way_of_linking_is_measured_on_the_same_detections(program):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (3, 96, 128, 3), dtype=np.uint8)
    boxes = np.array([[10, 10, 40, 60], [70, 20, 110, 80]], np.float32)
    detections = [Detections(boxes, np.array([0.9, 0.8]) - 0.1 * index, np.zeros(2, int)) for index in range(3)]
    result = program.measure(SETTINGS, frames, detections, num_tubes=2, num_rounds=1, device="cpu")
    assert result["num_tubes"] == 2
    sequential, batched, shared = (result["modes"][mode] for mode in program.MODES)
    assert sequential["steps"] == 2 * (len(frames) - 1)
    assert batched["steps"] >= sequential["steps"]
    assert shared["steps_per_second"] > 0
    assert 0 <= shared["waiting"] < 1
    assert program.table([result]).row_count == 1


def test_tubes_that_differ_are_told(program):
    tube = program.Tube(0, np.array([[0, 0, 4, 4]], np.float32), np.ones(1, np.float32), 0.5, 0)
    moved = program.Tube(0, tube.boxes + 2, tube.scores, 0.5, 0)
    other = program.Tube(0, tube.boxes, tube.scores, 0.4, 0)
    assert program.difference([tube], [tube]) == 0
    assert program.difference([moved], [tube]) == 2
    assert program.difference([other], [tube]) == float("inf")
    assert program.difference([], [tube]) == float("inf")

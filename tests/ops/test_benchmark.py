"""The benchmark runs, and what it compares computes the same."""

import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "tools/benchmarks/actor_roi_pool3d.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_of_actor_roi_pool3d", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("last", [False, True], ids=["contiguous", "channels last"])
def test_measures_every_alternative_that_is_there(benchmark, last):
    case = benchmark.Case("tiny", num_videos=2, num_frames=3, num_tubes=4, channels=5, channels_last=last)
    result = benchmark.measure(case, "cpu", bandwidth=1e9, num_seconds=0.0)
    assert {*result["poolings"], *result["skipped"]} == set(benchmark.POOLINGS)
    assert {"actorsup", "torchvision", "grid_sample"} <= set(result["poolings"])
    assert all(pooling["forward_seconds"] > 0 for pooling in result["poolings"].values())
    assert all(table.row_count == 1 for table in benchmark.tables([result]))


def test_leaves_out_visibly_what_needs_too_much_memory(benchmark):
    large = benchmark.Case("large", num_frames=300, num_tubes=500)
    assert benchmark.unusable("torchvision", large) == "needs 23.0 GB"
    assert not benchmark.unusable("actorsup", large)

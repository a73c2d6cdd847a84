"""The benchmark runs, and what it compares computes the same."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from actorsup.detectors.mmcv_compatibility import EXTENSION, SubstituteOperators

PATH = Path(__file__).parents[2] / "tools/benchmarks/actor_roi_pool3d.py"


@pytest.fixture(scope="module")
def program():
    spec = importlib.util.spec_from_file_location("benchmark_of_actor_roi_pool3d", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("last", [False, True], ids=["contiguous", "channels last"])
def test_measures_every_alternative_that_is_there(program, last):
    case = program.Case("tiny", num_videos=2, num_frames=3, num_tubes=4, channels=5, channels_last=last)
    result = program.measure(case, "cpu", bandwidth=1e9, num_seconds=0.0)
    assert {*result["poolings"], *result["skipped"]} == set(program.POOLINGS)
    assert {"actorsup", "torchvision", "grid_sample"} <= set(result["poolings"])
    assert all(pooling["forward_seconds"] > 0 for pooling in result["poolings"].values())
    assert all(table.row_count == 1 for table in program.tables([result]))


def test_leaves_out_visibly_what_needs_too_much_memory(program):
    large = program.Case("large", num_frames=300, num_tubes=500)
    assert program.unusable("torchvision", large) == "needs 23.0 GB"
    assert not program.unusable("actorsup", large)


@pytest.mark.slow
def test_the_command_for_a_gpu_runs_on_the_cpu_and_counts_what_failed(tmp_path):
    environment = {**os.environ, "PYTHON": sys.executable, "ACTORSUP_DATA": str(tmp_path)}
    command = [PATH.with_name("gpu.sh"), tmp_path / "out", "cpu", "machine", "build", "equality", "linking"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stdout + run.stderr  # there is no clip to link
    assert "linking FAILED" in run.stdout
    assert "torch" in (tmp_path / "out/machine.log").read_text()
    assert "CPU" in (tmp_path / "out/build.log").read_text()
    assert " passed" in (tmp_path / "out/equality.log").read_text()


def test_leaves_out_mmcv_where_its_operators_are_substituted(program, monkeypatch):
    monkeypatch.setitem(sys.modules, EXTENSION, SubstituteOperators())
    assert program.unusable("mmcv", program.PAPER[0]) == "not built"

"""The benchmark of long videos runs, and what it measures is the work that it names."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from actorsup.io import open_video

PATH = Path(__file__).parents[2] / "tools/benchmarks/long_video.py"


@pytest.fixture(scope="module")
def program():
    spec = importlib.util.spec_from_file_location("benchmark_of_long_videos", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_stage_is_measured(program, tmp_path):
    path = tmp_path / "numbers.json"
    program.main(["--minutes", "0.05", "--size", "320", "240", "--every", "0.01", "--json", str(path)])
    numbers = json.loads(path.read_text())
    stages = ["first pass", "forward", "backward", "detect", "link"]
    assert list(numbers["frames_per_second"]) == stages
    assert {sample["stage"] for sample in numbers["samples"]} >= set(stages)
    peaks = [sample["peak_mib"] for sample in numbers["samples"]]
    assert peaks == sorted(peaks)
    assert numbers["peak_bytes"] >= max(sample["resident_mib"] for sample in numbers["samples"]) * 2**20


def test_the_stand_in_finds_the_drawn_shapes(program, tmp_path):
    path = tmp_path / "video.mp4"
    program.draw_video(path, 3, (320, 240))
    frames = open_video(path).read_all()
    assert frames.shape == (3, 240, 320, 3)
    for found in program.BrightShapes().detect(frames):
        assert 1 <= len(found) <= program.NUM_SHAPES
        assert (np.diff(found.boxes.reshape(-1, 2, 2), axis=1) >= 36).all()  # discs of 40 pixels, on a grid of 4

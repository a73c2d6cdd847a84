"""The benchmarks of training, localizing and proposals run, on a small config, and say what they promise."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.toy import make_toy

pytestmark = pytest.mark.slow
BENCHMARKS = Path(__file__).parents[1] / "tools/benchmarks"


def load_benchmark(name):
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    root = tmp_path_factory.mktemp("toy")
    sys.path.insert(0, str(root))  # its parts are imported by the config
    yield make_toy(root)
    sys.path.remove(str(root))


def test_training_is_measured_on_drawn_videos(toy, tmp_path, capsys):
    options = ["--steps", "2", "--batch-size", "2", "--workers", "0", "--frames", "10", "--size", "96", "64"]
    out = tmp_path / "training.json"
    load_benchmark("training").main([str(toy), *options, "--tubes", "3", "--precisions", "float32", "--json", str(out)])
    (result,) = json.loads(out.read_text())["results"]
    assert result["videos_per_second"] > 0
    assert 0 < result["waiting"] < 1
    assert result["flops_per_step"] > 0
    assert "| float32 |" in capsys.readouterr().out.replace("  ", "")


def test_localizing_is_measured_stage_by_stage(toy, tmp_path, capsys):
    video = toy.parent / "videos/Biking/v_Biking_g01_c01.avi"
    out = tmp_path / "localizing.json"
    load_benchmark("localizing").main([str(toy), str(video), "--rounds", "1", "--json", str(out)])
    result = json.loads(out.read_text())
    assert result["frames"] == 12
    assert result["tubes"] == 1
    assert result["seconds"].keys() == {"read", "detect", "link", "whole"}
    assert "frames/s" in capsys.readouterr().out


def test_exported_models_are_measured_beside_eager(toy, capsys):
    options = ["--cfg-options", "model.head.type=MeanHead"]
    load_benchmark("export").main([str(toy), "--rounds", "1", "--tubes", "2", *options])
    printed = capsys.readouterr().out
    assert "2 tubes, medians of 1" in printed
    assert "eager / onnxruntime" in printed


def test_reading_is_measured_beside_opencv(toy, capsys):
    video = toy.parent / "videos/Biking/v_Biking_g01_c01.avi"
    load_benchmark("reading").main([str(video), "--rounds", "1"])
    assert "12 frames; " in capsys.readouterr().out


def test_proposals_are_measured_with_several_processes(toy, tmp_path):
    video, out = toy.parent / "videos/Biking/v_Biking_g01_c01.avi", tmp_path / "proposals.json"
    command = [sys.executable, BENCHMARKS / "proposals.py", toy, video, "--processes", "1", "2", "--videos", "1"]
    environment = {**os.environ, "PYTHONPATH": f"{toy.parent}{os.pathsep}{BENCHMARKS.parents[1]}"}
    output = subprocess.run([*command, "--json", out], capture_output=True, text=True, env=environment, check=False)
    assert output.returncode == 0, output.stderr[-3000:]
    results = json.loads(out.read_text())["results"]
    assert [(each["processes"], each["frames"], each["tubes"]) for each in results] == [(1, 12, 1), (2, 24, 2)]
    assert output.stdout.count("frames") == 2

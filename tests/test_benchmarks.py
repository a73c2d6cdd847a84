"""The benchmarks of training, localizing and proposals run, on a small config, and say what they promise."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from actorsup.engine import generate_proposals, load_config
from tests.conftest import moving_square, write_video
from tests.tiny_clip import WIDTH, write_open_clip
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


def test_the_pipeline_is_measured_stage_by_stage_in_processes(tmp_path):
    config, video = BENCHMARKS.parents[1] / "configs/demo_puppets.py", tmp_path / "video.avi"
    write_video(video, moving_square(9))
    out = tmp_path / "pipeline.json"
    settings = [
        "--rounds",
        "1",
        "--frames",
        "6",
        "--copies",
        "2",
        "--json",
        str(out),
        "--cfg-options",
        "proposals.linker=viterbi",
    ]
    load_benchmark("pipeline").main([str(config), str(video), *settings])
    result = json.loads(out.read_text())
    assert result["frames"] == 6
    assert result["seconds"]["now"].keys() == {"start", "read", "detect", "link", "proposals"}


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


def test_regions_of_words_are_measured_side_by_side(toy, tmp_path, capsys):
    pytest.importorskip("open_clip", reason="open_clip is missing: pip install 'actorsup[openclip]'")
    clip = {"type": "OpenClipModel", **write_open_clip(tmp_path / "clip")}
    config = toy.parent / "words.py"
    config.write_text(
        f"""
_base_ = ["toy_config.py"]
proposals = dict(linker="viterbi")
model = dict(
    encoder=dict(_delete_=True, type="PixelEncoder"),
    pooling=dict(_delete_=True, type="CropPool", images={clip}),
    head=dict(_delete_=True, type="TextHead", in_channels={WIDTH}, texts={clip}),
)
"""
    )
    generate_proposals(load_config(config, tmp_path))
    out, folder = tmp_path / "words.json", tmp_path / "regions"
    options = ["--regions", "padded", "masked", "dense", "--work-dir", str(folder), "--json", str(out)]
    load_benchmark("words").main([str(config), *options])
    rows = json.loads(out.read_text())
    assert [row["regions"] for row in rows] == ["padded", "masked", "dense"]
    assert all(0 <= row["mAP@0.5"] <= 1 for row in rows)
    found = [json.loads((folder / row["regions"] / "predictions.json").read_text())["videos"] for row in rows]
    assert found[0] != found[1] != found[2] != found[0]
    assert "untrained" in capsys.readouterr().out


def test_encoders_are_measured_in_every_mode(tmp_path):
    out = tmp_path / "encoders.json"
    command = [sys.executable, BENCHMARKS / "encoders.py", "swin3d_t", "squeezenet1_1", "--frames", "4"]
    options = ["--size", "64", "48", "--rounds", "1", "--modes", "predict", "bfloat16+recompute", "--json", out]
    environment = {**os.environ, "PYTHONPATH": str(BENCHMARKS.parents[1])}
    output = subprocess.run([*command, *options], capture_output=True, text=True, env=environment, check=False)
    assert output.returncode == 0, output.stderr[-3000:]
    of_clips, of_frames = json.loads(out.read_text())["results"].values()
    assert (of_clips["channels"], of_clips["stride"], of_clips["temporal_stride"]) == (384, 16, 2)
    assert max(map(abs, of_clips["offset"])) < 0.01
    assert all(of_clips[mode]["seconds"] > 0 for mode in ("predict", "bfloat16+recompute"))
    assert of_frames["bfloat16+recompute"] == {}  # squeezenet has no blocks
    assert "| swin3d_t | 384 | 16 | 2 | 0, 0, 0 |" in output.stdout

"""Checkpoints are whole, and a training that goes on from one is the training that was not interrupted."""

import json
import time

import pytest
import torch
from mmengine.fileio import get_file_backend

from actorsup.engine.train import latest_checkpoint
from tests.toy import make_toy, run_tool


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A toy project with proposals."""
    root = tmp_path_factory.mktemp("toy")
    config = make_toy(root)
    output = run_tool("generate_proposals", config, "--cfg-options", "proposals.linker=viterbi", root=root)
    assert output.returncode == 0, output.stderr
    return root, config


@pytest.mark.parametrize("num_workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_a_resumed_training_gives_the_weights_of_one_that_was_not_interrupted(toy, tmp_path, num_workers):
    root, config = toy
    workers = [f"train_dataloader.num_workers={num_workers}", f"train_dataloader.persistent_workers={num_workers > 0}"]
    options = ["--cfg-options", "proposals.linker=viterbi", *workers]

    def train(folder, epochs, *resume):
        arguments = (config, "--work-dir", folder, *resume, *options, f"train_cfg.max_epochs={epochs}")
        output = run_tool("train", *arguments, root=root)
        assert output.returncode == 0, output.stderr[-3000:]

    train(tmp_path / "whole", 3)
    train(tmp_path / "parts", 1)
    (tmp_path / "parts" / "last_checkpoint").write_text("")  # as a kill may leave it
    train(tmp_path / "parts", 3, "--resume")
    whole, parts = (torch.load(tmp_path / each / "epoch_3.pth", weights_only=False) for each in ("whole", "parts"))
    for name, weight in whole["state_dict"].items():
        assert torch.equal(weight, parts["state_dict"][name]), name


def test_a_training_on_kept_frames_gives_the_weights_of_one_that_decodes(toy, tmp_path):
    root, config = toy
    options = ["--cfg-options", "proposals.linker=viterbi", "train_cfg.max_epochs=2"]
    cached = ["frame_cache.root=" + str(tmp_path / "frames"), "frame_cache.max_gigabytes=1"]
    for folder, more in (("decoded", []), ("first", cached), ("again", cached)):
        output = run_tool("train", config, "--work-dir", tmp_path / folder, *options, *more, root=root)
        assert output.returncode == 0, output.stderr[-3000:]
    assert len(list((tmp_path / "frames").glob("*.rgb"))) == 4
    decoded, first, again = (
        torch.load(tmp_path / each / "epoch_2.pth", weights_only=False)["state_dict"]
        for each in ("decoded", "first", "again")
    )
    for name, weight in decoded.items():
        assert torch.equal(weight, first[name]), name
        assert torch.equal(weight, again[name]), name


def test_a_config_that_a_training_with_kept_frames_wrote_trains_again(toy, tmp_path):
    root, config = toy
    options = ["--cfg-options", "proposals.linker=viterbi"]
    cached = [*options, "train_cfg.max_epochs=1", f"frame_cache.root={tmp_path / 'frames'}"]
    written = tmp_path / "work" / config.name
    commands = [
        (config, *cached),
        (written, "--resume", *options, "train_cfg.max_epochs=2"),
        (written, "--resume", *options, "train_cfg.max_epochs=3", "frame_cache=None"),
    ]
    for command in commands:
        output = run_tool("train", command[0], "--work-dir", tmp_path / "work", *command[1:], root=root)
        assert output.returncode == 0, output.stderr[-3000:]
    assert (tmp_path / "work" / "epoch_3.pth").exists()
    assert "ReadCachedFrames" not in written.read_text()


def test_hooks_are_turned_off_by_none(toy, tmp_path):
    root, config = toy
    for hook in ("timer", "step_times", "early_warning"):
        options = ["proposals.linker=viterbi", "train_cfg.max_epochs=1", f"default_hooks.{hook}=None"]
        output = run_tool("train", config, "--work-dir", tmp_path / hook, "--cfg-options", *options, root=root)
        assert output.returncode == 0, output.stderr[-3000:]


def test_the_log_says_where_the_time_of_a_step_goes(toy, tmp_path):
    root, config = toy
    options = ["--cfg-options", "proposals.linker=viterbi", "train_cfg.max_epochs=1"]
    output = run_tool("train", config, "--work-dir", tmp_path, *options, root=root)
    assert output.returncode == 0, output.stderr[-3000:]
    (log,) = tmp_path.glob("*/vis_data/scalars.json")
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    steps = [row for row in rows if "loss" in row]
    assert len(steps) == 2
    for row in steps:
        parts = [row[name] for name in ("data_time", "forward_time", "backward_time")]
        assert all(part > 0 for part in parts)
        assert sum(parts) == pytest.approx(row["time"], rel=1e-3)
    # Two videos of four frames a step.
    assert steps[0]["frames_per_second"] == pytest.approx(8 / steps[0]["time"], rel=1e-3)


def test_a_checkpoint_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "epoch_1.pth"
    path.write_bytes(b"before")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("os.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            get_file_backend(backend_args={"backend": "whole_files"}).put(b"after", path)
    assert path.read_bytes() == b"before"
    get_file_backend(backend_args={"backend": "whole_files"}).put(b"after", path)
    assert path.read_bytes() == b"after"


def test_the_latest_checkpoint_is_the_one_that_is_named_or_the_highest(tmp_path):
    assert latest_checkpoint(tmp_path) is None
    for name in ("epoch_9.pth", "epoch_10.pth", "best_99.pth", "epoch_10-abc.pth"):
        (tmp_path / name).touch()
    assert latest_checkpoint(tmp_path) == str(tmp_path / "epoch_10.pth")
    named = tmp_path / "last_checkpoint"
    named.write_text(str(tmp_path / "epoch_9.pth"))
    assert latest_checkpoint(tmp_path) == str(tmp_path / "epoch_9.pth")
    named.write_text(str(tmp_path / "epoch_8.pth"))  # it was removed
    assert latest_checkpoint(tmp_path) == str(tmp_path / "epoch_10.pth")


def test_a_clock_that_was_set_back_is_said(toy, tmp_path):
    root, config = toy
    later = time.strftime("%Y%m%d_%H%M%S", time.localtime(time.time() + 3600))
    (tmp_path / later).mkdir()
    options = ["--cfg-options", "proposals.linker=viterbi", "train_cfg.max_epochs=1"]
    output = run_tool("train", config, "--work-dir", tmp_path, *options, root=root)
    assert output.returncode == 0, output.stderr
    assert f"began at {later}" in output.stdout + output.stderr

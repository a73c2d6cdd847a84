"""How commands end."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import OPTIMIZERS, DefaultScope
from mmengine.runner import Runner

from actorsup.cli.output import print_table
from actorsup.cli.running import run
from actorsup.errors import StoreError
from actorsup.linkers import ViterbiLinker
from actorsup.progress import progress_bar
from actorsup.registry import LINKERS, TRACKERS
from tests.running import ctrl_c_is_heard, wait_for
from tests.toy import REPOSITORY


def test_exit_codes_say_what_happened(capsys):
    def bad_input():
        raise StoreError("store: not there")

    def no_file():
        Path("absent.txt").read_text()

    def interrupted():
        raise KeyboardInterrupt

    for work, code, message in [
        (lambda: None, 0, ""),
        (lambda: 1, 1, ""),
        (bad_input, 2, "error: store: not there\n"),
        (no_file, 2, "error: [Errno 2] No such file or directory: 'absent.txt'\n"),
        (interrupted, 130, "interrupted; what was finished is kept\n"),
    ]:
        assert run(work) == code
        assert capsys.readouterr().err == message


def viterbi():
    return LINKERS.build({"type": "ViterbiLinker", "max_tubes": 0})


def head_in_a_model_that_the_runner_builds():
    model = Config.fromfile(REPOSITORY / "configs" / "_base_" / "models" / "actorsup_squeezenet.py").model
    model.encoder.weights = None
    with DefaultScope.overwrite_default_scope("actorsup"):
        ROOT_MODELS.build({**model, "head": {**model.head, "num_classes": 2, "topk": 0}})


def class_for_a_type():
    return LINKERS.build({"type": ViterbiLinker, "max_tubes": 0})


def optimizer_of_torch():
    OPTIMIZERS.build({"type": "SGD", "lr": -1.0}, default_args={"params": [torch.zeros(1, requires_grad=True)]})


def dataloader():
    Runner.build_dataloader({"dataset": [1, 2], "sampler": {"type": "DefaultSampler"}, "batch_size": 0})


def runner(work_dir):
    Runner(torch.nn.Identity(), str(work_dir), train_cfg={"by_epoch": True})


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (viterbi, "ViterbiLinker: expected max_tubes >= 1"),
        (class_for_a_type, "ViterbiLinker: expected max_tubes >= 1"),
        (head_in_a_model_that_the_runner_builds, "TopKAttentionHead: topk must be "),
        (optimizer_of_torch, "SGD: Invalid learning rate: -1.0"),
        (dataloader, "dataloader: batch_size should be a positive integer value, but got batch_size=0"),
        (runner, "Runner: train_dataloader, train_cfg, and optim_wrapper should be either all None or not None"),
    ],
)
def test_a_value_that_a_part_of_the_config_refuses_is_one_message_that_names_the_part(work, message, tmp_path, capsys):
    assert run(lambda: work(tmp_path) if work is runner else work()) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"error: config: {message}")
    assert printed.count("\n") == 1


def test_a_value_error_of_a_part_that_is_built_keeps_its_traceback():
    tracker = TRACKERS.build({"type": "OpenCVTracker", "kind": "MIL"})
    with pytest.raises(ValueError, match="targets must be boxes"):
        run(lambda: tracker.add(np.zeros((9, 9, 3), np.uint8), np.zeros((1, 4))))


@pytest.mark.parametrize("defect", [RuntimeError, TypeError, KeyError, ValueError])
def test_defects_of_our_own_keep_their_traceback(defect):
    def work():
        raise defect("defect")

    with pytest.raises(defect, match="defect"):
        run(work)


@pytest.mark.parametrize("is_program", [False, True])
def test_the_handler_of_ctrl_c_is_what_it_was_before(is_program):
    with ctrl_c_is_heard():
        before = signal.getsignal(signal.SIGINT)
        run(lambda: None, is_program)
        assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert run(lambda: signal.raise_signal(signal.SIGINT), is_program=True) == 0
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_between_imports_is_raised_where_the_program_is(capsys):
    cleaned = []

    def work():
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            cleaned.append(True)

    with ctrl_c_is_heard():
        assert run(work, is_program=True) == 130
    assert cleaned == [True]
    assert capsys.readouterr().err == "interrupted; what was finished is kept\n"


STUBBORN = """
import pathlib, time
pathlib.Path(__file__).with_name("importing").touch()
try:
    time.sleep(600)
except BaseException:  # as extension modules do, which turn it into an ImportError
    pass
"""


@pytest.mark.parametrize(
    "program",
    [("-m", "actorsup", "train"), (REPOSITORY / "tools" / "browse_config.py",)],
    ids=["command", "tool"],
)
def test_ctrl_c_gets_through_imports_that_swallow_it(tmp_path, program):
    (tmp_path / "torch.py").write_text(STUBBORN)
    with ctrl_c_is_heard():
        process = subprocess.Popen(
            [sys.executable, *program, "demo_puppets"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    wait_for(tmp_path / "importing", process)
    process.send_signal(signal.SIGINT)
    printed = process.communicate(timeout=60)
    assert (process.returncode, *printed) == (130, "", "interrupted; what was finished is kept\n")


def test_a_reader_that_has_seen_enough_is_no_error():
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(
        [sys.executable, "-m", "actorsup", "config", "--list"],
        cwd=REPOSITORY,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert (process.returncode, process.stderr) == (141, "")


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_what_a_console_cannot_print_becomes_escapes(monkeypatch, encoding):
    content = io.BytesIO()
    console = io.TextIOWrapper(content, encoding=encoding)
    monkeypatch.setattr(sys, "stdout", console)

    def work():
        name = os.fsdecode(b"[/red] \xff.mp4")
        with progress_bar("videos", 1, "frames") as bar:
            bar.show(name)
        print_table(name, [{name: name}])
        print(name, "ä")

    assert run(work) == 0
    assert console.errors == "strict"
    lines = content.getvalue().decode(encoding).splitlines()
    assert lines[-1] == r"[/red] \udcff.mp4 " + ("ä" if encoding == "utf-8" else r"\xe4")
    assert sum(r"[/red] \udcff.mp4" in line for line in lines) >= 4


def test_text_that_cannot_be_written_is_one_message(tmp_path, capsys):
    def work():
        (tmp_path / "names.txt").write_text(os.fsdecode(b"video \xff.mp4"), encoding="utf-8")

    assert run(work) == 2
    assert capsys.readouterr().err.startswith(r"error: 'video \udcff.mp4' cannot be written in utf-8; rename the file")

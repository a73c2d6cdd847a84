"""How commands end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from actorsup.cli.running import run
from actorsup.errors import StoreError
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


@pytest.mark.parametrize("defect", [RuntimeError, TypeError, KeyError])
def test_defects_of_our_own_keep_their_traceback(defect):
    def work():
        raise defect("defect")

    with pytest.raises(defect, match="defect"):
        run(work)


@pytest.mark.parametrize("is_program", [False, True])
def test_the_handler_of_ctrl_c_is_what_it_was_before(is_program):
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

    assert run(work, is_program=True) == 130
    assert cleaned == [True]
    assert capsys.readouterr().err == "interrupted; what was finished is kept\n"


STUBBORN = """
import pathlib, time
pathlib.Path(__file__).with_name("importing").touch()
try:
    time.sleep(60)
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
    process = subprocess.Popen(
        [sys.executable, *program, "demo_puppets"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "importing").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    printed = process.communicate(timeout=30)
    assert (process.returncode, *printed) == (130, "", "interrupted; what was finished is kept\n")

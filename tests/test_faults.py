"""The fault campaign finds crashes and hangs, and goes on where it stopped. What it tries is in ``tools/faults``."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tools/faults"))
from campaign import Fault, Outcome, run, table


def misbehave(number, folder):
    (folder.parents[1] / f"made_{number}").touch()
    outcome = Outcome(figures={"number": float(number)})
    if number == 1:
        os.kill(os.getpid(), signal.SIGSEGV)
    if number == 2:
        time.sleep(60)
    if number == 3:
        raise KeyError("lost")
    outcome.expect(number != 4, "four is wrong")
    return outcome


@pytest.fixture
def fault():
    return Fault("misbehaving", "none may", misbehave, attempts=6, seconds=3)


def test_crashes_hangs_and_errors_are_failures_of_their_attempt_alone(fault, tmp_path):
    outcomes = run([fault], tmp_path, jobs=2)
    failures = [outcome.failures for outcome in outcomes["misbehaving"]]
    assert failures[:3] == [[], ["crash: SIGSEGV"], ["hung for 3 s"]]
    assert "KeyError: 'lost'" in failures[3][0]
    assert failures[4:] == [["four is wrong"], []]
    assert "| misbehaving | none may | 6 | 2 held; number 5 | 4 |" in table([fault], outcomes)
    assert not list((tmp_path / "attempts").iterdir())


def test_it_goes_on_where_it_stopped(fault, tmp_path):
    record = {"number": 1, "seconds": 1.0, "counts": {"held": 7}, "failures": [], "figures": {}}
    (tmp_path / "misbehaving.jsonl").write_text(json.dumps(record) + '\n{"number": 0, "sec')
    outcomes = run([fault], tmp_path, jobs=1, share=1 / 3)
    assert [outcome.counts for outcome in outcomes["misbehaving"]] == [{"held": 1}, {"held": 7}]
    assert (tmp_path / "made_0").exists()
    assert not (tmp_path / "made_1").exists()
    (tmp_path / "made_0").unlink()
    run([fault], tmp_path, jobs=1, share=1 / 3)
    assert not (tmp_path / "made_0").exists()

"""A few of the damaged and hostile files of the fault campaign, of which ``tools/faults`` tries all."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tools/faults"))
import hostile
import parsers


@pytest.mark.parametrize("name", parsers.PARSERS)
def test_a_hundred_inputs_are_refused_or_read_rightly(name, tmp_path, monkeypatch):
    monkeypatch.setattr(parsers, "BATCH", 100)
    outcome = parsers.attempt(parsers.PARSERS[name], 0, tmp_path)
    assert outcome.failures == []
    assert outcome.counts.keys() == {"refused", "read"}


@pytest.mark.parametrize("fault", [hostile.pickles, hostile.names])
def test_what_is_hostile_does_nothing(fault, tmp_path):
    assert fault(0, tmp_path).failures == []


def test_a_parser_that_raises_or_is_wrong_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(parsers, "BATCH", 250)
    monkeypatch.setattr("actorsup.io.reading._unique", dict)
    monkeypatch.setattr("actorsup.datasets.formats.videos_file.box_array", lambda boxes: boxes)
    failures = parsers.attempt(parsers.annotation, 0, tmp_path).failures
    assert any(": TypeError: " in failure or ": ValueError: " in failure for failure in failures)
    assert any("a wrong result: a key was there twice" in failure for failure in failures)
    assert all("annotation.json, " in failure for failure in failures)

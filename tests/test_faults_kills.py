"""Two or three of the campaign's kills, spoilt surroundings and looks at memory, and that these checks can fail."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tools/faults"))
import kills
import memory
import surroundings


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "attempts" / "one"
    made.mkdir(parents=True)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1])
def test_a_killed_conversion(folder, number):
    outcome = kills.kill_by_name("conversion", number, folder)
    assert outcome.failures == []
    assert outcome.counts["resumed alike"] == 1


@pytest.mark.slow
def test_a_full_disk_and_two_runs(folder, tmp_path):
    (conversion,) = [index for index, work in enumerate(surroundings.COMMANDS) if work.name == "conversion"]
    outcome = surroundings.spoil_full(conversion, folder)
    assert outcome.failures == []
    assert outcome.counts["alike"] + outcome.counts["not tried"] == 1
    other = tmp_path / "attempts" / "two"
    other.mkdir()
    outcome = surroundings.two_runs(1, other)
    assert outcome.failures == []
    assert outcome.counts["one done at least"] == 1


def test_what_is_cut_is_damage(tmp_path):
    (tmp_path / "whole.json").write_text("{}")
    (tmp_path / "whole.html").write_text("<html></html>\n")
    assert kills.damage(tmp_path) == []
    for name, content in {"a.json": '{"a": ', "b.pth": "PK", "c.html": "<html>", "d.png": "\x89PNG"}.items():
        (tmp_path / name).write_text(content)
    assert sorted(line.partition(":")[0] for line in kills.damage(tmp_path)) == ["a.json", "b.pth", "c.html", "d.png"]


def test_an_unclear_end_is_complained_of(tmp_path):
    log = tmp_path / "log"
    log.write_text("error: /x: No space left on device\n")
    assert surroundings.complaints(2, log) == []
    assert surroundings.complaints(0, log)
    log.write_text("Traceback (most recent call last):\nOSError\n")
    assert "a traceback, 0 messages" in surroundings.complaints(1, log)[0]


def test_growth_is_told_from_swinging():
    seconds = np.arange(0, 1200, 2.0)
    swinging = 1000 + 200 * np.sin(seconds) + np.minimum(seconds, 60)
    assert memory.judge(np.stack([seconds, swinging], axis=1)).failures == []
    grown = memory.judge(np.stack([seconds, swinging + seconds / 20], axis=1))
    assert len(grown.failures) == 1
    assert grown.figures["MiB an hour"] == pytest.approx(180, abs=10)


def test_memory_of_a_process_is_watched(tmp_path):
    code, samples = memory.watch([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log", seconds=3)
    assert code is None
    assert (samples[:, 1] > 1).all()


def test_a_long_video_is_the_puppets_over_and_over(tmp_path, monkeypatch):
    from actorsup.io import open_video

    frames = [np.full((180, 320, 3), level, np.uint8) for level in range(0, 200, 20)]
    monkeypatch.setattr(memory, "puppets", lambda: frames)
    memory.write_long_video(tmp_path / "long.mp4", 30 / 60 / memory.FRAMES_PER_SECOND)
    levels = [frame.mean() for frame in open_video(tmp_path / "long.mp4")]
    assert len(levels) == 30
    np.testing.assert_allclose(levels, [frame.mean() for frame in frames] * 3, atol=4)

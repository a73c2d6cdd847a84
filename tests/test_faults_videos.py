"""A few damaged videos; all of them are tried by ``tools/faults/run.py videos``."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tools/faults"))
import videos


@pytest.mark.parametrize("number", [0, 8, 12])
def test_damaged_videos_are_refused_or_read_truly(number, tmp_path):
    outcome = videos.read_damaged(number, tmp_path)
    assert not outcome.failures
    assert sum(count for word, count in outcome.counts.items() if "frames with" not in word) == 2 * videos.MUTANTS


def test_frames_of_another_place_are_failures(tmp_path):
    frames = np.stack([videos.draw(number) for number in range(6)])
    assert [videos.shown_number(frame) for frame in frames] == [0, 1, 2, 3, 4, 5]
    judge = videos.Judge(videos.Outcome(), frames, "mkv mjpeg", "flipped")
    wrong, failures = judge._compare(frames[[0, 2, 2]], range(3))
    assert (wrong, failures) == (0, ["frame 1 is frame 2"])
    assert judge._compare(frames[:2] // 2, range(2)) == (2, [])

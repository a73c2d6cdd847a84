import time

import pytest

from actorsup.proposals import progress as shared_progress
from actorsup.proposals.progress import SharedProgress, shared_progress_bar


class RecordingBar:
    """Remembers what it was told to show."""

    def __init__(self):
        self.shown = (0, 0)

    def update(self, steps, units):
        self.shown = (steps, units)


def test_the_bar_adds_up_what_all_processes_have_done(tmp_path):
    bars = [RecordingBar() for _ in range(3)]
    first, second, third = (SharedProgress(tmp_path, rank, 3, bar) for rank, bar in enumerate(bars))
    second.advance(10)
    second.advance(5)
    third.advance(0)
    first.advance(100)
    assert bars[0].shown == (4, 115)


def test_a_file_that_cannot_be_read_or_written_does_not_stop_the_work(tmp_path):
    bar = RecordingBar()
    first, second = (SharedProgress(tmp_path / "absent", rank, 2, bar) for rank in range(2))
    second.advance(3)
    first.advance(4)
    assert bar.shown == (1, 4)
    (tmp_path / "absent").mkdir()
    second.advance(3)
    (tmp_path / "absent" / ".progress-1.tmp").write_text("7")  # caught while it was written
    first.look()
    assert bar.shown == (1, 4)


def test_the_bar_moves_while_the_first_process_works_or_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_progress, "SECONDS_BETWEEN_LOOKS", 0.01)
    with shared_progress_bar("title", 4, "frames", tmp_path, 0, 2) as progress:
        other = SharedProgress(tmp_path, 1, 2, RecordingBar())
        for _ in range(3):
            other.advance(10)
        deadline = time.monotonic() + 20
        while progress._bar._steps < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        other.forget()
        progress.look()
        assert progress._bar._steps == 3  # what was done stays done


@pytest.mark.parametrize(("rank", "world_size"), [(0, 1), (0, 2), (1, 2)])
def test_no_file_remains(tmp_path, rank, world_size):
    def work():
        with shared_progress_bar("title", 2, "frames", tmp_path, rank, world_size) as progress:
            progress.show("video")
            progress.advance(1)
            assert len(list(tmp_path.iterdir())) == (world_size > 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert list(tmp_path.iterdir()) == []

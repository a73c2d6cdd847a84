"""Killed at any moment and started again, or shared by processes: the stores hold the same bytes."""

import multiprocessing
import re
import time

import pytest
import torch

from tests.proposals import parts

# A server that has imported everything and starts no thread makes processes at once, and safely; not where there is a
# GPU, which forked processes cannot use.
CONTEXT = multiprocessing.get_context("spawn" if torch.cuda.is_available() else "forkserver")
CONTEXT.set_forkserver_preload(["tests.proposals.parts", "actorsup.detectors"])


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    return parts.write_videos(tmp_path_factory.mktemp("videos"))


@pytest.fixture(scope="module")
def expected(tmp_path_factory, videos):
    """What one uninterrupted process writes."""
    root = tmp_path_factory.mktemp("whole") / "proposals"
    parts.run(root, videos)
    return parts.content(root)


def start(target, *arguments):
    process = CONTEXT.Process(target=target, args=arguments)
    process.start()
    return process


def kill_when(stopped, process):
    """Kill a process when it has come to where it stops."""
    deadline = time.monotonic() + 60
    while not stopped.exists():
        assert process.is_alive(), "ended too early"
        assert time.monotonic() < deadline, "does not stop"
        time.sleep(0.01)
    process.kill()
    assert ended(process) == -9


def ended(process, seconds=60):
    process.join(seconds)
    assert process.exitcode is not None, "still running"
    return process.exitcode


# Of 37 frames in six videos, whose detections and tubes each get a name; the stores' manifests got one before.
@pytest.mark.parametrize(
    ("moment", "count"), [("looks", 1), ("looks", 24), ("links", 3), ("names", 5), ("names", 10)], ids=str
)
def test_killed_at_any_moment_and_started_again_the_store_is_the_same(tmp_path, videos, expected, moment, count):
    root, stopped = tmp_path / "proposals", tmp_path / "stopped"
    kill_when(stopped, start(parts.run_until, root, videos, moment, count, stopped))
    finished = {path: path.stat().st_mtime_ns for path in root.rglob("*.npz")}
    num_tubes = sum(path.parts[-3].startswith("tubes") for path in finished)
    report = parts.run(root, videos)
    assert parts.content(root) == expected
    # Nothing that was finished is made again: of the video in hand even the detections are kept.
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert (len(report.kept), len(report.made)) == (num_tubes, len(videos) - num_tubes)


@pytest.mark.parametrize("world_size", [2, 3])
def test_several_processes_write_the_same_store_as_one(tmp_path, videos, expected, world_size):
    root, meeting = tmp_path / "proposals", tmp_path / "meeting"
    processes = [start(parts.run_rank, root, videos, rank, world_size, meeting) for rank in range(world_size)]
    assert [ended(process) for process in processes] == [0] * world_size
    assert parts.content(root) == expected
    reports = {meeting.with_name(f"report_{rank}").read_text() for rank in range(world_size)}
    assert len(reports) == 1  # every process knows what all have done
    made = re.search(r"made=\[(.*?)\]", reports.pop()).group(1)
    assert sorted(re.findall(r"'(.*?)'", made)) == sorted(videos)


def test_broken_videos_are_reported_by_all_processes(tmp_path, videos):
    broken = tmp_path / "broken.avi"
    broken.write_bytes(b"")
    meeting = tmp_path / "meeting"
    several = {**videos, "class/broken": broken, "class/absent": tmp_path / "absent.avi"}
    processes = [start(parts.run_rank, tmp_path / "proposals", several, rank, 2, meeting) for rank in range(2)]
    assert [ended(process) for process in processes] == [0, 0]
    for rank in range(2):
        assert "failed={'class/" in meeting.with_name(f"report_{rank}").read_text()
        assert "0 bytes" in meeting.with_name(f"report_{rank}").read_text()


@pytest.mark.parametrize("victim", [0, 1])
def test_a_process_that_dies_blocks_none_and_the_rest_is_made_later(tmp_path, videos, expected, victim):
    root, meeting, stopped = tmp_path / "proposals", tmp_path / "meeting", tmp_path / "stopped"
    stops = {victim: ("links", 2, stopped)}
    processes = [start(parts.run_rank, root, videos, rank, 2, meeting, *stops.get(rank, ())) for rank in range(2)]
    kill_when(stopped, processes[victim])
    assert ended(processes[1 - victim]) == 1
    assert "another process ended early" in meeting.with_name(f"report_{1 - victim}").read_text()
    done = len(list(root.glob("brightness/tubes_backward/**/*.npz")))
    assert 3 <= done < len(videos)  # all of its own share
    report = parts.run(root, videos)
    assert (len(report.kept), len(report.made)) == (done, len(videos) - done)
    assert parts.content(root) == expected

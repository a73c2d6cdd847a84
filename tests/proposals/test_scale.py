"""Killed at any moment and started again, or shared by processes: the stores hold the same bytes."""

import multiprocessing
import os
import re
import signal
import time
from pathlib import Path

import pytest
import torch

from actorsup.device import num_threads
from actorsup.errors import InputError
from actorsup.proposals.generator import ProposalGenerator, num_processes_for
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


def test_processes_that_are_started_write_the_same_store(tmp_path, videos, expected):
    broken = tmp_path / "broken.avi"
    broken.write_bytes(b"")
    root = tmp_path / "proposals"
    report = parts.run_jobs(root, {**videos, "class/broken": broken})
    assert parts.content(root) == expected
    assert (report.made, list(report.failed)) == (sorted(videos), ["class/broken"])
    assert "0 bytes" in report.failed["class/broken"]
    again = parts.run_jobs(root, videos)
    assert (again.made, again.kept) == ([], sorted(videos))
    assert not multiprocessing.active_children()


def test_what_a_started_process_lacks_is_said(tmp_path, videos):
    with pytest.raises(InputError, match="has no folder for it"):
        parts.run_jobs(tmp_path / "proposals", videos, type="PickyDetector")
    assert not multiprocessing.active_children()


def test_a_started_process_that_dies_is_told_and_the_rest_can_be_made_later(tmp_path, videos, expected):
    root = tmp_path / "proposals"
    with pytest.raises(InputError, match=r"one of 2 processes that make proposals ended early.*fewer --jobs"):
        parts.run_jobs(root, videos, type="LastingDetector", folder=str(tmp_path), kills=True)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_started_processes_end_with_the_one_that_started_them(tmp_path, videos, end):
    process = start(parts.run_lasting_jobs, tmp_path / "proposals", videos, tmp_path)
    deadline = time.monotonic() + 60
    while len(workers := [int(path.name) for path in tmp_path.glob("[0-9]*")]) < 2:
        assert process.is_alive(), "ended too early"
        assert time.monotonic() < deadline, "does not start"
        time.sleep(0.05)
    os.kill(process.pid, end)
    assert ended(process) == (0 if end == signal.SIGINT else -9)
    while any(_is_alive(worker) for worker in workers):
        assert time.monotonic() < deadline, "outlives the process that started it"
        time.sleep(0.05)


def _is_alive(number: int) -> bool:
    status = Path(f"/proc/{number}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.parametrize(
    ("lengths", "number"), [([], 1), ([100] * 3, 1), ([150] * 3, 2), ([10_000], 1), ([10_000] * 90, 3)], ids=str
)
def test_processes_are_started_where_there_is_work_for_them(monkeypatch, lengths, number):
    monkeypatch.setattr("actorsup.proposals.generator.num_cores", lambda: 3)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert num_processes_for(lengths) == number


def test_a_process_alone_computes_with_one_thread_and_leaves_a_linker_the_others(tmp_path, videos, monkeypatch):
    seen, run_one = set(), ProposalGenerator.run_one

    def watched(*arguments):
        seen.add((torch.get_num_threads(), num_threads()))
        return run_one(*arguments)

    monkeypatch.setattr(ProposalGenerator, "run_one", watched)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        parts.run(tmp_path / "proposals", videos)
    finally:
        torch.set_num_threads(before)
    assert seen == {(1, 2)}

"""Full disks, folders that are read-only, two runs on one store, a clock that is set back.

A full disk is a small tmpfs, a read-only folder one that is mounted again, both in a namespace of the attempt's own; a
system that permits neither counts as not tried. The clock is that of the process, and of the times of files.
"""

import ctypes
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import numpy as np
from campaign import Fault, Outcome
from kills import (
    CONFIG,
    KILLED,
    LIMIT,
    PROPOSALS,
    SEED,
    WORKS,
    Command,
    Work,
    begin,
    can_resume,
    damage,
    files,
    store_results,
    undisturbed,
    warm,
    with_results,
)

from actorsup.apis import load_localization, save_act, save_localization
from actorsup.io import open_video
from tests.toy import make_toy

DAY = 24 * 3600.0
NEW_NAMESPACE, NEW_USER = 0x20000, 0x10000000  # linux/sched.h
READ_ONLY, REMOUNT, BIND, PRIVATE = 1, 32, 4096, 0x4000 | 1 << 18  # linux/mount.h
PLENTY = 2**30
PAGE = 4096
VIDEO = "videos/Biking/v_Biking_g01_c01.avi"
LOCALIZE = ["localize", VIDEO, "--config", CONFIG, "--checkpoint", "work/epoch_3.pth", "--out", "found"]


def _with_found(root: Path) -> None:
    with_results(root)
    warm().run(Command(LOCALIZE, root, root / "before.log"))


def _export(root: Path) -> None:
    found = load_localization(next((root / "found").glob("*.json")))
    save_localization(root / "exported.json", found)
    save_act(root / "exported.pkl", [found])


def _found(root: Path) -> dict[str, str]:
    """The JSON, and how many frames the rendered video has: x264 compresses the same frames in several ways."""
    rendered = {path.name: str(len(open_video(path).read_all())) for path in (root / "found").glob("*.mp4")}
    return files(root, "found/*.json") | rendered


LOCALIZED = Work("localize", lambda root: LOCALIZE, _found, with_results)
EXPORTED = Work("export", lambda root: [_export], lambda root: files(root, "exported.*"), _with_found)
OTHER = Work(
    "proposals-other",
    lambda root: [*PROPOSALS, "proposals.detectors.color.threshold=170"],
    store_results,
    make_toy,
)
COMMANDS = [*(WORKS[name] for name in ("proposals", "training", "conversion", "report")), LOCALIZED, EXPORTED]


@dataclass(frozen=True)
class Surrounding:
    """How a folder is spoilt, and set right again; both in a process that has a namespace of its own."""

    spoil: Callable[[Path, int], None]
    restore: Callable[[Path], None]


def _mount(source: str, target: Path, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [None if text is None else str(text).encode() for text in (source, target, kind, data)]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(*encoded[:3], ctypes.c_ulong(flags), encoded[3]):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(target))


def _enter_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(NEW_NAMESPACE | (NEW_USER if user else 0)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    _mount("none", Path("/"), None, PRIVATE)


def _fill(root: Path, num_bytes: int) -> None:
    """Leave so many bytes in the folder's disk."""
    whole = root.with_name("whole")
    root.rename(whole)
    root.mkdir()
    _mount("tmpfs", root, "tmpfs", 0, f"size={PLENTY}")
    shutil.copytree(whole, root, dirs_exist_ok=True)
    disk = os.statvfs(root)
    used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
    _mount("tmpfs", root, "tmpfs", REMOUNT, f"size={used + num_bytes // PAGE * PAGE}")


def _protect(root: Path, num_bytes: int) -> None:
    _mount(str(root), root, None, BIND)
    _mount(str(root), root, None, BIND | REMOUNT | READ_ONLY)


def _make_room(root: Path) -> None:
    _mount("tmpfs", root, "tmpfs", REMOUNT, f"size={PLENTY}")


def _permit(root: Path) -> None:
    _mount(str(root), root, None, BIND | REMOUNT)


FULL, PROTECTED = Surrounding(_fill, _make_room), Surrounding(_protect, _permit)


@dataclass(frozen=True)
class Spoilt:
    """Run a work in a surrounding, look at what is there, set the surrounding right, and run it again."""

    surrounding: Surrounding
    number: int  # of the work
    kept: Path
    folder: Path
    num_bytes: int  # that a full disk has left

    def __call__(self) -> int:
        """In a process of its own; what was seen goes into ``seen.json``."""
        root, log, work = self.folder / "project", self.folder / "spoilt.log", COMMANDS[self.number]
        begin(work, self.kept, root)
        try:
            _enter_namespace()
            self.surrounding.spoil(root, self.num_bytes)
        except OSError as error:
            self._note({"not tried": str(error)})
            return 0
        (command,) = work.commands(root, log)
        code = _fork_and_wait(command)
        seen = {"code": code, "damage": damage(root), "leftovers": sorted(map(str, root.rglob("*.tmp")))}
        self.surrounding.restore(root)
        (command,) = work.commands(root, self.folder / "again.log", resume=can_resume(root))
        seen["again"] = _fork_and_wait(command)
        seen["results"] = work.results(root) if seen["again"] == 0 else {}
        self._note(seen)
        return 0

    def _note(self, seen: Mapping) -> None:
        (self.folder / "seen.json").write_text(json.dumps(seen))


def _fork_and_wait(command: Command) -> int:
    if (process := os.fork()) == 0:
        code = 1
        try:
            code = command()
        except BaseException:
            import traceback

            traceback.print_exc()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def complaints(code: int | None, log: Path, expected: tuple[int, ...] = (1, 2)) -> list[str]:
    """What is wrong with how a command ended: no error, none that is clear, or a traceback."""
    text = log.read_text() if log.exists() else ""
    wrong = [] if code in expected else [f"exit code {code}"]
    if "Traceback" in text:
        wrong.append("a traceback")
    said = re.findall(r"^(?:error|failed): .*", text, re.MULTILINE)
    if code in (1, 2) and len(said) != 1:
        wrong.append(f"{len(said)} messages")
    return [f"{', '.join(wrong)}: {text[-1500:]}"] if wrong else []


def spoil(surrounding: Surrounding, number: int, folder: Path) -> Outcome:
    """An attempt: one command, one place where the disk is full."""
    kept, work = folder.parents[1] / "undisturbed", COMMANDS[number % len(COMMANDS)]
    expected = undisturbed(work, kept)
    num_bytes = int(np.random.default_rng([SEED, number]).integers(0, expected.num_bytes))
    code = warm().run(Spoilt(surrounding, number % len(COMMANDS), kept, folder, num_bytes))
    outcome = Outcome()
    if code != 0:
        outcome.failures.append(f"{work.name}: the attempt itself ended with {code}")
        return outcome
    seen = json.loads((folder / "seen.json").read_text())
    if "not tried" in seen:
        outcome.counts["not tried"] += 1
        return outcome
    said = f"{work.name}, {num_bytes} bytes left"
    went_well = seen["code"] == 0 and surrounding is FULL  # room enough: files are compressed, or replace others
    outcome.counts["room enough" if went_well else "refused"] += 1
    if not went_well:
        outcome.failures += [f"{said}: {each}" for each in complaints(seen["code"], folder / "spoilt.log")]
    outcome.failures += [f"{said}: {each}" for each in seen["damage"] + seen["leftovers"]]
    if seen["again"] != 0:
        outcome.failures.append(f"{said}: again: {seen['again']}: {(folder / 'again.log').read_text()[-1500:]}")
    else:
        alike = seen["results"] == expected.results
        outcome.expect(
            alike, f"{said}: other results afterwards: {_different(seen['results'], expected.results)}", "alike"
        )
    return outcome


def _different(found: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {**found, **expected} if found.get(name) != expected.get(name))


def spoil_full(number: int, folder: Path) -> Outcome:
    """A full disk."""
    return spoil(FULL, number, folder)


def spoil_protected(number: int, folder: Path) -> Outcome:
    """A read-only folder."""
    return spoil(PROTECTED, number, folder)


def two_runs(number: int, folder: Path) -> Outcome:
    """Two runs of proposals at once: even attempts of one configuration, odd ones of two for one store."""
    kept = folder.parents[1] / "undisturbed"
    works = [WORKS["proposals"], OTHER if number % 2 else WORKS["proposals"]]
    expected = [undisturbed(work, kept) for work in works]
    rng = np.random.default_rng([SEED, number])
    root = folder / "project"
    begin(works[0], kept, root)
    logs = [folder / f"{index}.log" for index in range(2)]
    delay = rng.uniform(0, expected[0].seconds) * rng.integers(2)
    processes = []
    for index in rng.permutation(2):
        (command,) = works[index].commands(root, logs[index])
        processes.append(
            (index, warm().start(replace(command, arguments=[*command.arguments, f"work_dir={root}/work{index}"])))
        )
        time.sleep(delay)
    codes = {int(index): warm().wait(process, LIMIT) for index, process in processes}
    said = f"second {delay:.3f} s after the first, codes {codes}"
    outcome = Outcome()
    for index, code in codes.items():
        outcome.counts["done" if code == 0 else "refused"] += 1
        outcome.failures += [f"{said}: {each}" for each in complaints(code, logs[index], (0, 2))]
    outcome.expect(0 in codes.values(), f"{said}: both were refused", "one done at least")
    outcome.failures += [f"{said}: {each}" for each in damage(root) + sorted(map(str, root.rglob("*.tmp")))]
    stores = files(root, "proposals/**/*.npz", "proposals/**/manifest.json")
    for index, code in codes.items():
        if code == 0:
            of_one = {name: of for name, of in expected[index].results.items() if name != "done"}
            outcome.expect(stores == of_one, f"{said}: {_different(stores, of_one)} differ from run {index}'s", "alike")
    return outcome


class _Clock:
    """A clock that is ahead, or goes backward."""

    def __init__(self, offset: float, backward: float = 0.0) -> None:
        self._offset, self._backward, self._time, self._start = offset, backward, time.time, time.time()

    def __call__(self) -> float:
        now = self._time()
        return now + self._offset - 2 * self._backward * (now - self._start)


def _ahead(root: Path) -> None:
    mock.patch("time.time", _Clock(DAY)).start()


def _backward(root: Path) -> None:
    later = time.time() + DAY
    for path in root.rglob("*"):
        os.utime(path, (later, later))
    mock.patch("time.time", _Clock(0.0, backward=1.0)).start()


def set_back(number: int, folder: Path) -> Outcome:
    """A command is killed at a time to come, and goes on now, while the clock runs backward, among younger files."""
    kept, work = folder.parents[1] / "undisturbed", COMMANDS[number % len(COMMANDS)]
    expected = undisturbed(work, kept)
    rng = np.random.default_rng([SEED, number])
    root = folder / "project"
    begin(work, kept, root)
    kill_at = (int(rng.integers(1, expected.events + 1)), 1)
    (command,) = work.commands(root, folder / "ahead.log")
    first = warm().run(replace(command, kill_at=kill_at, prepare=_ahead))
    resumed = can_resume(root)
    (command,) = work.commands(root, folder / "back.log", resume=resumed)
    code = warm().run(replace(command, prepare=_backward))
    said = f"{work.name}, killed after event {kill_at[0]} ({first}), then {code}"
    outcome = Outcome()
    outcome.counts["killed" if first == KILLED else "ended before"] += 1
    outcome.failures += [f"{said}: {each}" for each in complaints(code, folder / "back.log", (0,)) + damage(root)]
    if code == 0:
        # The log of a training that began anew cannot be told from that of one before, which is younger by its name.
        different = set(_different(work.results(root), expected.results)) - (set() if resumed else {"losses"})
        outcome.expect(not different, f"{said}: {sorted(different)} differ", "alike")
    return outcome


GOAL = "one clear error, no half file under a final name, and afterwards the undisturbed result"
FAULTS = (
    Fault("disk-full", GOAL, spoil_full, 10 * len(COMMANDS)),
    Fault("read-only", GOAL, spoil_protected, len(COMMANDS)),
    Fault("two-runs", "one result, or one clear error", two_runs, 20),
    Fault("clock-set-back", "the undisturbed result", set_back, 4 * len(COMMANDS)),
)

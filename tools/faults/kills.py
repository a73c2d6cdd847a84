"""SIGKILL at any moment: what is under a final name is whole, and what goes on gives the undisturbed result.

Half of the moments are spread over the time that the undisturbed command takes, the other half follow one of the times
when it opens a file for writing, renames or removes one, so that writing itself is hit.
"""

import fcntl
import hashlib
import importlib
import json
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from campaign import Fault, Outcome
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the toy is that of the tests
from actorsup.cli import main as actorsup
from actorsup.cli.running import run
from actorsup.io import TubeStore
from actorsup.io.store import MANIFEST, DetectionStore
from actorsup.visualization.report import Run
from tests.toy import make_toy

CONFIG = "toy_config.py"
SEED = 16
KILLS = 100
MOST_CALLS = 300  # between an event and the kill that it brings: calls of functions and returns
GRACE = 2.0  # seconds that the other process has to end by itself, before it is killed as torchrun does
LIMIT = 90.0  # seconds; a command that takes longer hangs
KILLED = -signal.SIGKILL
WARM = (
    "actorsup.cli.commands",
    "actorsup.apis",
    "actorsup.engine",
    "actorsup.visualization.report.page",
    "torchvision",
)


@dataclass(frozen=True)
class Command:
    """A command line of ``actorsup``, or a function of the folder, in a project's folder, and what surrounds it.

    ``kill_at`` is the number of the event to be killed after, and of calls after it; ``prepare`` is called first.
    """

    arguments: Sequence[str | Callable[[Path], None]]
    root: Path
    log: Path
    environment: Mapping[str, str] | None = None
    kill_at: tuple[int, int] | None = None
    prepare: Callable[[Path], None] | None = None

    def __call__(self) -> int:
        """Run it in this process, which is its own; what it prints goes into the log."""
        os.environ.update(self.environment or {})
        os.chdir(self.root)
        sys.path.insert(0, str(self.root))
        output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        if self.prepare is not None:
            self.prepare(self.root)
        events = Events(self.root, self.kill_at)
        work = self.arguments[0]
        code = run(lambda: work(self.root)) if callable(work) else actorsup(list(map(str, self.arguments)))
        sys.stdout.flush()
        self.log.with_suffix(".events").write_text(str(events.count))
        return code


class Events:
    """Counts when this process is about to change a folder's files, and ends it after one of these times."""

    def __init__(self, root: Path, kill_at: tuple[int, int] | None) -> None:
        self.count = self._calls = 0
        self._root, self._kill_at, self._process = str(root), kill_at, os.getpid()
        sys.addaudithook(self._notice)

    def _notice(self, event: str, arguments: tuple) -> None:
        if event not in ("open", "os.rename", "os.remove", "os.mkdir") or os.getpid() != self._process:
            return
        path, *others = arguments
        if isinstance(path, int) or (event == "open" and others[1] & (os.O_WRONLY | os.O_RDWR) == 0):
            return
        if not os.path.abspath(os.fsdecode(path)).startswith(self._root):
            return
        self.count += 1
        if self._kill_at is not None and self.count == self._kill_at[0]:
            sys.setprofile(self._count_calls)

    def _count_calls(self, *_) -> None:
        self._calls += 1
        if self._calls >= self._kill_at[1]:
            os.kill(self._process, signal.SIGKILL)


class Warm:
    """A process that has imported everything, from which others are forked: they begin at once."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        process = context.Process(target=_fork_on_demand, args=(other,), daemon=True)
        process.start()
        other.close()

    def start(self, work: Callable[[], int]) -> int:
        """Call a function in a new process, and return its id."""
        self._connection.send(work)
        return self._connection.recv()

    def wait(self, process: int, seconds: float = LIMIT) -> int | None:
        """The exit code, negative for a signal; None if it took too long and was killed."""
        self._connection.send(process)
        hangs = not self._connection.poll(seconds)
        if hangs:
            os.kill(process, signal.SIGKILL)
        code = self._connection.recv()
        return None if hangs else code

    def run(self, work: Callable[[], int]) -> int | None:
        """Call a function in a new process, and return its exit code."""
        return self.wait(self.start(work))


def _fork_on_demand(connection) -> None:
    torch.set_num_threads(1)
    for name in WARM:
        importlib.import_module(name)
    while True:
        try:
            asked = connection.recv()
        except EOFError:
            return
        if isinstance(asked, int):
            connection.send(os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1]))
            continue
        if (process := os.fork()) == 0:
            try:
                multiprocessing.current_process().daemon = False  # it may have workers
                code = asked()
            except BaseException:
                traceback.print_exc()
                code = 1
            os._exit(code)
        connection.send(process)


@cache
def warm() -> Warm:
    """That of this process."""
    return Warm()


@dataclass(frozen=True)
class Work:
    """A command, and what it is about."""

    name: str
    arguments: Callable[[Path], Sequence[str]]
    results: Callable[[Path], dict[str, str]]  # what must be the same, by name
    before: Callable[[Path], None]  # makes the project in an empty folder
    resumed: Sequence[str] = ()  # options to go on with, once there is something to go on from
    processes: int = 1

    def commands(self, root: Path, log: Path, resume: bool = False, **options) -> list[Command]:
        """One for each process."""
        arguments = [*self.arguments(root), *(self.resumed if resume else ())]
        if self.processes == 1:
            return [Command(arguments, root, log, **options)]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        shared = {"WORLD_SIZE": str(self.processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        return [
            Command(
                [*arguments, "--launcher", "pytorch"],
                root,
                log.with_name(f"{rank}_{log.name}"),
                {**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
                **options,
            )
            for rank in range(self.processes)
        ]

    def finish(self, root: Path, log: Path, resume: bool = True) -> list[int | None]:
        """Run it to its end; the exit codes."""
        return [warm().wait(process) for process in [warm().start(each) for each in self.commands(root, log, resume)]]


@dataclass(frozen=True)
class Undisturbed:
    """What a work gives when nothing happens."""

    seconds: float
    events: int
    num_bytes: int  # that its files take
    results: dict[str, str]


def undisturbed(work: Work, folder: Path) -> Undisturbed:
    """Made once for a campaign, in a folder of its own that also keeps what the work begins with."""
    kept = folder / f"{work.name}.json"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{work.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until the file is closed
        if not kept.exists():
            shutil.rmtree(folder / work.name, ignore_errors=True)
            (folder / work.name).mkdir()
            work.before(folder / work.name)
            root = folder / f"{work.name}-done"
            begin(work, folder, root)
            start = time.monotonic()
            codes = work.finish(root, log := root / "undisturbed.log", resume=False)
            seconds = time.monotonic() - start
            logs = sorted(root.glob(f"*{log.name}"))
            if any(codes):
                raise RuntimeError(
                    "\n".join([f"{work.name} ends with {codes}", *(each.read_text()[-2000:] for each in logs)])
                )
            events = min(int(each.with_suffix(".events").read_text()) for each in logs)
            kept.write_text(json.dumps([seconds, events, size(root) - size(folder / work.name), work.results(root)]))
            shutil.rmtree(root)
    return Undisturbed(*json.loads(kept.read_text()))


def size(root: Path) -> int:
    """Bytes of a folder's files."""
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def begin(work: Work, folder: Path, root: Path) -> None:
    """Copy what the work begins with."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(folder / work.name, root)
    config = root / CONFIG
    config.write_text(config.read_text().replace(str(folder / work.name), str(root)))


def kill(work: Work, number: int, folder: Path) -> Outcome:
    """Kill it once, look at what is there, go on, and compare."""
    kept = folder.parents[1] / "undisturbed"
    expected = undisturbed(work, kept)
    rng = np.random.default_rng([SEED, number])
    root, log = folder / "project", folder / "killed.log"
    victims = (0,) if work.processes == 1 else ((0,), (1,), (0, 1))[rng.integers(3)]
    moment, event = rng.uniform(0, expected.seconds), int(rng.integers(1, expected.events + 1))
    calls = int(np.exp(rng.uniform(0, np.log(MOST_CALLS)))) if number % 2 else None
    codes = []
    while KILLED not in codes:  # where it ended before, earlier
        begin(work, kept, root)
        if codes:
            moment, calls = moment / 2, calls and max(calls // 2, 1)
        codes = _run_and_kill(work.commands(root, log), victims, moment, calls and (event, calls))
    when = f"event {event} and {calls} calls" if calls else f"{moment:.3f} s"
    said = f"killed {victims} at {when}, codes {codes}"
    outcome = Outcome()
    outcome.counts["killed"] += 1
    broken = damage(root)
    outcome.failures += [f"{said}: {each}" for each in broken]
    codes = work.finish(root, folder / "resumed.log", resume=can_resume(root))
    logs = "\n".join(path.read_text()[-2000:] for path in sorted(folder.glob("*resumed.log")))
    if any(codes):
        outcome.failures.append(f"{said}: going on ends with {codes}: {logs}")
        return outcome
    found = work.results(root)
    different = sorted(name for name in expected.results | found if expected.results.get(name) != found.get(name))
    outcome.expect(not different, f"{said}: other results than undisturbed: {different}", "resumed alike")
    return outcome


def _run_and_kill(
    commands: Sequence[Command], victims: Sequence[int], moment: float, kill_at: tuple[int, int] | None
) -> list[int | None]:
    """Exit codes of commands that run at once, of which the victims are killed after some seconds, or at an event."""
    processes = []
    for rank, command in enumerate(commands):
        processes.append(warm().start(replace(command, kill_at=kill_at if rank in victims else None)))
    if kill_at is None:
        time.sleep(moment)
        for victim in victims:
            with suppress(ProcessLookupError):
                os.kill(processes[victim], signal.SIGKILL)
    return [warm().wait(process, LIMIT if rank in victims else GRACE) for rank, process in enumerate(processes)]


def can_resume(root: Path) -> bool:
    """Whether there is a checkpoint."""
    return any((root / "work").glob("*.pth"))


def damage(root: Path) -> list[str]:
    """What is under a final name, and not whole."""
    found = []

    def look(path: Path, read: Callable[[], object]) -> None:
        try:
            read()
        except Exception as error:
            found.append(f"{path.relative_to(root)}: {type(error).__name__}: {error}")

    for manifest in root.glob(f"**/{MANIFEST}"):
        store = (TubeStore if manifest.parent.name.startswith("tubes") else DetectionStore)(manifest.parent)
        for video in store.videos():
            look(store.path(video), lambda store=store, video=video: store.load(video))
    for path in root.glob("**/*.json"):
        if "vis_data" not in path.parts:  # lines that are appended
            look(path, lambda path=path: json.loads(path.read_text()))
    for path in root.glob("**/*.pth"):
        look(path, lambda path=path: torch.load(path, weights_only=False))
    for path in root.glob("**/*.png"):
        look(path, lambda path=path: Image.open(path).load())
    for path in root.glob("**/*.html"):
        if not path.read_text().rstrip().endswith("</html>"):
            found.append(f"{path.relative_to(root)}: cut off")
    return found


def digest(content: bytes) -> str:
    """Tells contents apart."""
    return hashlib.sha256(content).hexdigest()[:16]


def files(root: Path, *patterns: str) -> dict[str, str]:
    """The files of these patterns by their names, byte for byte."""
    paths = [path for pattern in patterns for path in root.glob(pattern) if path.is_file()]
    return {str(path.relative_to(root)): digest(path.read_bytes()) for path in paths}


def store_results(root: Path) -> dict[str, str]:
    """Stores, and which videos were done."""
    report = json.loads((root / "work/proposal_generation.json").read_text())
    done = " ".join(sorted(report["made"] + report["kept"]))
    return files(root, "proposals/**/*.npz", f"proposals/**/{MANIFEST}") | {"done": done}


def training_results(root: Path) -> dict[str, str]:
    """Weights, state of the optimizer, and losses."""
    results = {}
    for path in (root / "work").glob("*.pth"):
        checkpoint = torch.load(path, weights_only=False)
        for part in ("state_dict", "optimizer"):
            tensors = _tensors(checkpoint[part])
            results[f"{path.name} {part}"] = digest(b"".join(each.numpy().tobytes() for each in tensors))
    results["losses"] = json.dumps([[row["step"], row["loss"]] for row in Run.read(root / "work").scalars])
    return results


def _tensors(content) -> list[torch.Tensor]:
    if isinstance(content, torch.Tensor):
        return [content]
    inner = content.values() if isinstance(content, Mapping) else content if isinstance(content, list | tuple) else ()
    return [tensor for each in inner for tensor in _tensors(each)]


def with_proposals(root: Path) -> None:
    """The toy, and its proposals."""
    make_toy(root)
    _must(root, "proposals", root / "toy_config.py")


def with_results(root: Path) -> None:
    """The toy, trained and tested."""
    with_proposals(root)
    config = root / "toy_config.py"
    _must(root, "train", config)
    _must(root, "test", config, root / "work/epoch_3.pth")
    _must(root, "eval-proposals", config)


def _must(root: Path, *arguments: str | Path) -> None:
    code = warm().run(Command(arguments, root, root / "before.log"))
    if code != 0:
        raise RuntimeError((root / "before.log").read_text()[-2000:])


def _convert(root: Path) -> list[str]:
    lists = [f"--{split}-list={root}/splits/{split}list01.txt" for split in ("train", "test")]
    return ["convert", "thumos13", f"{root}/pyannot.pkl", *lists, "--out", f"{root}/converted.json"]


LOADED_BY_A_WORKER = ["train_dataloader.num_workers=1", "train_dataloader.persistent_workers=True"]
PROPOSALS = ["proposals", CONFIG, "--cfg-options", "proposals.linker=viterbi"]
WORKS = {
    "proposals": Work("proposals", lambda root: PROPOSALS, store_results, make_toy),
    "proposals-2": Work("proposals-2", lambda root: PROPOSALS, store_results, make_toy, processes=2),
    "training": Work(
        "training",
        lambda root: ["train", CONFIG, "--cfg-options", *LOADED_BY_A_WORKER],
        training_results,
        with_proposals,
        resumed=["--resume"],
    ),
    "conversion": Work("conversion", _convert, lambda root: files(root, "converted.json"), make_toy),
    "report": Work(
        "report", lambda root: ["report", "work"], lambda root: files(root, "work/report.html"), with_results
    ),
}


def kill_by_name(name: str, number: int, folder: Path) -> Outcome:
    """An attempt: what is sent to its process is a name."""
    return kill(WORKS[name], number, folder)


FAULTS = tuple(
    Fault(
        f"kill-{name}",
        "all that is there whole; what goes on gives the undisturbed result",
        partial(kill_by_name, name),
        KILLS,
    )
    for name in WORKS
)

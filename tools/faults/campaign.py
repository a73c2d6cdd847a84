"""What a fault campaign is made of: attempts in processes of their own, and a record that a later run goes on from."""

import json
import multiprocessing
import os
import shutil
import signal
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Outcome:
    """What happened in one attempt, which may try many inputs."""

    counts: Counter[str] = field(default_factory=Counter)  # what became of the inputs, by a word such as "refused"
    failures: list[str] = field(default_factory=list)  # what must not happen, each said so that it can be tried again
    figures: dict[str, float] = field(default_factory=dict)  # numbers that were measured

    def expect(self, holds: bool, failure: str, word: str = "held") -> None:
        """Count an input under ``word``, or its failure."""
        if holds:
            self.counts[word] += 1
        else:
            self.failures.append(failure)


@dataclass(frozen=True)
class Fault:
    """One row of the table: attempts of which no one may fail.

    ``attempt(number, folder)`` depends on nothing but the number; the folder is empty, and removed afterwards.
    """

    name: str
    goal: str
    attempt: Callable[[int, Path], Outcome]
    attempts: int
    seconds: float = 300.0  # an attempt that takes longer counts as a hang


def run(faults: Sequence[Fault], out: Path, jobs: int, share: float = 1.0) -> dict[str, list[Outcome]]:
    """Make the attempts of each fault that ``out`` has no record of, ``jobs`` at a time; all outcomes, by fault.

    ``share`` of the attempts of each fault are made, one at least.
    """
    out.mkdir(parents=True, exist_ok=True)
    records = {fault.name: out / f"{fault.name}.jsonl" for fault in faults}
    done = {fault.name: dict(_read(records[fault.name])) for fault in faults}
    numbers = {fault.name: range(max(1, round(fault.attempts * share))) for fault in faults}
    left = [(fault, number) for fault in faults for number in numbers[fault.name] if number not in done[fault.name]]
    left.reverse()
    lock = threading.Lock()

    def work(worker: "_Worker") -> None:
        while True:
            with lock:
                if not left:
                    return worker.stop()
                fault, number = left.pop()
            start = time.monotonic()
            outcome = worker.attempt(fault, number, out / "attempts" / f"{fault.name}-{number}")
            record = {"number": number, "seconds": time.monotonic() - start, **vars(outcome)}
            with lock:
                if worker.interrupted:
                    return None
                done[fault.name][number] = outcome
                with open(records[fault.name], "a") as file:
                    file.write("\n" + json.dumps(record))  # after a line that a kill has cut, if any
                for failure in outcome.failures:
                    print(f"{fault.name} {number}: {failure}", flush=True)

    workers = [_Worker() for _ in range(jobs)]
    with ThreadPoolExecutor(jobs) as threads:
        try:
            list(threads.map(work, workers))
        except BaseException:
            with lock:
                left.clear()
                for worker in workers:
                    worker.interrupted = True
                    worker.kill()
            raise
    return {name: [of[number] for number in numbers[name] if number in of] for name, of in done.items()}


def _read(record: Path) -> Iterator[tuple[int, Outcome]]:
    for line in record.read_text().splitlines() if record.exists() else ():
        try:
            values = json.loads(line)
        except ValueError:
            continue  # the line that was being written when the campaign was killed
        yield values["number"], Outcome(Counter(values["counts"]), values["failures"], values["figures"])


class _Worker:
    """A process that makes attempts one after another, and a new one when it crashed or hung."""

    def __init__(self) -> None:
        self._process = None
        self.interrupted = False

    def attempt(self, fault: Fault, number: int, folder: Path) -> Outcome:
        if self._process is None:
            context = multiprocessing.get_context("spawn")
            self._connection, other = context.Pipe()
            self._process = context.Process(target=_serve, args=(other,))
            self._process.start()
            other.close()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            self._connection.send((fault.attempt, number, folder))
            if self._connection.poll(fault.seconds):
                return self._connection.recv()
            self.stop()
            return Outcome(failures=[f"hung for {fault.seconds:g} s"])
        except (EOFError, ConnectionError):
            self._process.join()
            code = self._process.exitcode
            self.stop()
            return Outcome(failures=[f"crash: {signal.Signals(-code).name if code < 0 else f'exit code {code}'}"])
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def kill(self) -> None:
        """End the process and what it has started."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def stop(self) -> None:
        if self._process is not None:
            self.kill()
            self._process.join()
            self._process = None


def _serve(connection) -> None:
    os.setpgrp()
    while True:
        try:
            attempt, number, folder = connection.recv()
        except EOFError:  # the campaign is gone
            return
        try:
            outcome = attempt(number, folder)
        except Exception:
            outcome = Outcome(failures=[f"the attempt itself failed: {traceback.format_exc()}"])
        connection.send(outcome)


def table(faults: Sequence[Fault], outcomes: dict[str, list[Outcome]]) -> str:
    """The rows of ``docs/reliability.md``: each fault's goal, what happened, and how often it failed."""
    rows = ["| fault | goal | attempts | what happened | failures |", "| --- | --- | --- | --- | --- |"]
    for fault in faults:
        of = outcomes[fault.name]
        counts = sum((outcome.counts for outcome in of), Counter())
        figures = {name: value for outcome in of for name, value in outcome.figures.items()}
        words = [f"{count:,} {word}" for word, count in counts.most_common()]
        words += [f"{name} {value:.4g}" for name, value in figures.items()]
        failures = sum(len(outcome.failures) for outcome in of)
        rows.append(f"| {fault.name} | {fault.goal} | {len(of)} | {'; '.join(words)} | {failures} |")
    return "\n".join(rows) + "\n"

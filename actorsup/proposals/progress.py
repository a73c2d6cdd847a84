"""A progress bar with rate and remaining time, of one process and of several."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Bar:
    """Shows steps, and the rate of the units done in them."""

    def __init__(self, progress: Progress, title: str, total: int, unit: str) -> None:
        self._progress = progress
        self._unit = unit
        self._steps = self._units = 0
        self._task = progress.add_task(title, total=total, name="", rate="")

    def show(self, name: str) -> None:
        """Say what is worked on."""
        self._progress.update(self._task, name=name)

    def advance(self, units: int) -> None:
        """One step more is done, with so many units in it."""
        self.update(self._steps + 1, self._units + units)

    def update(self, steps: int, units: int) -> None:
        """So many steps are done by now, with so many units in them; never fewer than before."""
        self._steps, self._units = max(steps, self._steps), max(units, self._units)
        elapsed = self._progress.tasks[self._task].elapsed or 0
        rate = f"{self._units / elapsed:.1f} {self._unit}/s" if elapsed and self._units else ""
        self._progress.update(self._task, completed=self._steps, rate=rate)


@contextmanager
def progress_bar(title: str, total: int, unit: str, enabled: bool = True) -> Iterator[Bar]:
    """A bar of ``total`` steps on the terminal; it measures its rate in units."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("remaining"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[name]}"),
    )
    # One step can take minutes: rich must not forget the steps before within its usual 30 seconds.
    with Progress(*columns, speed_estimate_period=24 * 3600, disable=not enabled) as progress:
        yield Bar(progress, title, total, unit)


SECONDS_BETWEEN_LOOKS = 1.0


class SharedProgress:
    """What this process has done, told to the process that shows the bar.

    Each process writes two numbers into a small file in a folder that all see; the first one adds them up. Nobody waits
    for anybody, so a process that ends early blocks none. A file that cannot be written or read delays the bar, not
    the work.

    Args:
        folder: where the files are, for the time of the work; ``VideoStore.create`` removes what a killed run left.
        rank: of this process.
        world_size: number of processes.
        bar: what the first process shows.
    """

    def __init__(self, folder: Path, rank: int, world_size: int, bar: Bar) -> None:
        self._file = _file(folder, rank)
        self._others = [_file(folder, other) for other in range(world_size) if other != rank]
        self._shares = len(self._others) > 0
        self._bar = bar
        self._steps = self._units = 0

    def show(self, name: str) -> None:
        """Say what is worked on in this process."""
        self._bar.show(name)

    def advance(self, units: int) -> None:
        """One step is done in this process, with so many units in it."""
        self._steps += 1
        self._units += units
        if self._shares:
            with suppress(OSError):
                self._file.write_text(f"{self._steps} {self._units}\n")
        self.look()

    def look(self) -> None:
        """Show what all processes have done by now."""
        done = [(self._steps, self._units), *map(_read, self._others)]
        self._bar.update(*(sum(column) for column in zip(*done, strict=True)))

    def forget(self) -> None:
        """Remove this process's file."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)


@contextmanager
def shared_progress_bar(
    title: str, total: int, unit: str, folder: Path, rank: int, world_size: int
) -> Iterator[SharedProgress]:
    """A bar in the process of rank 0, of ``total`` steps of all processes together; it measures its rate in units."""
    with progress_bar(title, total, unit, enabled=rank == 0) as bar:
        progress = SharedProgress(folder, rank, world_size, bar)
        stop = Event()
        watcher = Thread(target=_watch, args=(progress, stop), daemon=True)
        if rank == 0 and world_size > 1:
            watcher.start()
        try:
            yield progress
        finally:
            stop.set()
            if watcher.is_alive():
                watcher.join()
            progress.forget()


def _watch(progress: SharedProgress, stop: Event) -> None:
    while not stop.wait(SECONDS_BETWEEN_LOOKS):
        progress.look()


def _file(folder: Path, rank: int) -> Path:
    return folder / f".progress-{rank}.tmp"


def _read(file: Path) -> tuple[int, int]:
    """Steps and units of another process; none where it has not written yet, or is writing just now."""
    try:
        steps, units = map(int, file.read_text().split())
    except (OSError, ValueError):
        return 0, 0
    return steps, units

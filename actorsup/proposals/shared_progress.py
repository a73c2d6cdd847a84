"""One progress bar for the videos of all processes."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from .progress import Bar, progress_bar

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

"""A progress bar with rate and remaining time."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Bar:
    """Shows steps, and the rate of the units done in them."""

    def __init__(self, progress: Progress, title: str, total: int, unit: str) -> None:
        self._progress, self._unit, self._num_units = progress, unit, 0
        self._task = progress.add_task(title, total=total, name="", rate="")

    def show(self, name: str) -> None:
        """Say what is worked on."""
        self._progress.update(self._task, name=name)

    def advance(self, units: int) -> None:
        """Count one step more, with so many units in it."""
        self._num_units += units
        elapsed = self._progress.tasks[self._task].elapsed or 0
        rate = f"{self._num_units / elapsed:.1f} {self._unit}/s" if elapsed and self._num_units else ""
        self._progress.update(self._task, advance=1, rate=rate)


@contextmanager
def progress_bar(title: str, total: int, unit: str, enabled: bool = True) -> Iterator[Bar]:
    """A bar of ``total`` steps on the terminal; it measures its rate in units."""
    work = ("{task.description}", BarColumn(), MofNCompleteColumn(), "{task.fields[rate]}")
    name = TextColumn("{task.fields[name]}", markup=False)  # a name is what it is
    time = (TimeElapsedColumn(), "remaining", TimeRemainingColumn(), name)
    # One step can take minutes: rich must not forget the steps before within its usual 30 seconds.
    with Progress(*work, *time, speed_estimate_period=24 * 3600, disable=not enabled) as progress:
        yield Bar(progress, title, total, unit)

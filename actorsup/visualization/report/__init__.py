"""One page about one run or several: numbers, curves, errors, and videos that play in it, with their tubes."""

from collections.abc import Sequence
from pathlib import Path

from actorsup.errors import InputError
from actorsup.io.files import save

from .gallery import Limits
from .run import Run

__all__ = ["Limits", "Run", "make_report"]


def make_report(
    work_dirs: Sequence[str | Path], out: str | Path | None = None, limits: Limits | None = None
) -> tuple[Path, list[Run]]:
    """Write one self-contained HTML page about one or more work directories; return its path and their runs.

    The page is ``report.html`` in the first of them unless ``out`` is given; it appears whole or not at all.

    Raises:
        InputError: if none is given, one twice, one cannot be read, or what draws the page is not installed.
    """
    try:
        from .page import render_page
    except ImportError as error:
        raise InputError(
            f"a report needs packages that are not installed ({error}): pip install 'actorsup[report]'"
        ) from error
    folders = [Path(folder) for folder in work_dirs]
    if not folders or len({folder.resolve() for folder in folders}) < len(folders):
        given = ", ".join(map(str, folders)) or "none"
        raise InputError(f"a report needs different work directories, got {given}")
    runs = [Run.read(folder, name) for folder, name in zip(folders, _names(folders), strict=True)]
    path = Path(out) if out is not None else folders[0] / "report.html"
    save(path, render_page(runs, limits))
    return path, runs


def _names(folders: Sequence[Path]) -> list[str]:
    """The shortest ends of the paths, of equal length, that tell them apart."""
    parts = [folder.resolve().parts for folder in folders]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(each[-length:]) for each in parts]
        if len(set(names)) == len(names):
            break
    return names

"""The checks for people to read."""

from collections.abc import Sequence

from .check import Check


def print_checks(title: str, checks: Sequence[Check]) -> None:
    """Print a table of what was found, and below it what to do."""
    marks = [_mark(check) for check in checks]
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:  # it is one of the things that can be missing
        print(title)
        for mark, check in zip(marks, checks, strict=True):
            print(f"  {mark:<8}  {check.name}: {check.found}")
    else:
        styles = {"ok": "green", "missing": "yellow", "FAILS": "bold red"}
        table = Table(title=title, title_justify="left", show_lines=False)
        for column in ("", "what", "found"):
            table.add_column(column, overflow="fold")
        for mark, check in zip(marks, checks, strict=True):
            table.add_row(Text(mark, styles[mark]), Text(check.name), Text(check.found))
        console = Console()
        if not console.is_terminal:
            console.width = 160  # a pipe or a file has no width that a table must be cut to
        console.print(table)
    for mark, check in zip(marks, checks, strict=True):
        if not check.works:
            print(f"{check.name} ({mark if check.needed else 'not needed'}):\n    {check.remedy}")


def _mark(check: Check) -> str:
    if check.works:
        return "ok"
    return "FAILS" if check.needed else "missing"

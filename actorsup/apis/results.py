"""Numbers: printed for people, kept as JSON."""

import csv
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmengine.dist import is_main_process
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table


def save_json(path: str | Path, content: Mapping, indent: int | None = 2) -> None:
    """Write a JSON file, on one line where ``indent`` is None; it appears whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(content, indent=indent) + "\n")
    os.replace(temporary, path)


def save_csv(path: str | Path, rows: Sequence[Mapping]) -> None:
    """Write rows of the same keys, with a header."""
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def print_numbers(title: str, numbers: Mapping[str, float]) -> None:
    """Print named numbers as a table of two columns."""
    print_table(title, [{"metric": name, "value": value} for name, value in numbers.items()])


def print_table(title: str, rows: Sequence[Mapping]) -> None:
    """Print rows of the same keys as a table, floats with four digits, in the main process only."""
    if not is_main_process():
        return
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(rows[0]):
        table.add_column(str(column), justify="right" if index else "left")
    for row in rows:
        table.add_row(*(f"{value:.4f}" if isinstance(value, float) else str(value) for value in row.values()))
    console = Console()
    if not console.is_terminal:
        console.width = 160  # a pipe or a file has no width that a table must be cut to
    console.print(table)


def print_code(code: str) -> None:
    """Print Python, highlighted on a terminal and as it is elsewhere."""
    console = Console()
    if console.is_terminal:
        console.print(Syntax(code, "python", background_color="default", word_wrap=True))
    else:
        print(code)

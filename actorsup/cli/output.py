"""Tables that commands print."""

from collections.abc import Mapping, Sequence

from mmengine.dist import is_main_process
from rich.console import Console
from rich.table import Table


def print_table(title: str, rows: Sequence[Mapping]) -> None:
    """Print rows of the same keys as a table, floats with four digits, in the main process only."""
    if not is_main_process():
        return
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(rows[0]):
        table.add_column(str(column), justify="right" if index else "left")
    for row in rows:
        table.add_row(*(f"{value:.4f}" if isinstance(value, float) else str(value) for value in row.values()))
    console = Console(markup=False, emoji=False)  # names of files and classes are what they are
    if not console.is_terminal:
        console.width = 160  # a pipe or file has no width of its own
    console.print(table)

"""Files that appear whole or not at all."""

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a name ending in ``.tmp`` beside ``path`` to write to, renamed at the end, or removed on an error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error  # a full disk is found late and names no file
    finally:
        temporary.unlink(missing_ok=True)


def save(path: str | Path, content: str | bytes) -> None:
    """Write bytes, or text as UTF-8."""
    with whole_file(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def save_json(path: str | Path, content: Mapping, indent: int | None = 2) -> None:
    """Write a JSON file, on one line where ``indent`` is None."""
    save(path, json.dumps(content, indent=indent) + "\n")


def save_csv(path: str | Path, rows: Sequence[Mapping]) -> None:
    """Write rows of the same keys, with a header."""
    table = StringIO(newline="")
    writer = csv.DictWriter(table, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    save(path, table.getvalue())

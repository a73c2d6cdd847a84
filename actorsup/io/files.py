"""Files of results, written whole or not at all."""

import csv
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path


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

"""The fenced blocks of a page, and how they are run.

A ``python`` block whose first line is ``# <name>.py`` is a file of that name. A block whose first line begins with
``# Not run by the tests:`` says why it is not.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.toy import REPOSITORY

NOT_RUN = "# Not run by the tests:"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and its text."""

    language: str
    text: str

    @property
    def file_name(self) -> str | None:
        """The name of the file that it is; None if it is none."""
        found = re.match(r"# (\w+\.py)\n", self.text)
        return found.group(1) if self.language == "python" and found else None

    @property
    def is_run(self) -> bool:
        return not self.text.startswith(NOT_RUN)


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    return [Block(*found) for found in re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)]


def write_files(page: Path, folder: Path) -> None:
    """Write the files of a page into a folder that looks like a checkout."""
    for name in ("configs", "tools"):
        (folder / name).symlink_to(REPOSITORY / name)
    for block in blocks(page):
        if block.file_name:
            (folder / block.file_name).write_text(block.text)


def run_commands(commands: str, folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run commands in a shell that ends at the first that fails, as ``python`` this one and this package."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": f"{folder}{os.pathsep}{REPOSITORY}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )

"""What the benchmarks in tools/ share with the commands, until they call ``actorsup.cli`` themselves."""

import argparse
import sys
from collections.abc import Callable

from actorsup.cli import running
from actorsup.cli.arguments import add_config, read_config

__all__ = ["parser", "read_config", "run"]


def parser(description: str) -> argparse.ArgumentParser:
    """A parser with the arguments of a config."""
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_config(result)
    return result


def run(main: Callable[[], int | None]) -> None:
    """Run a script and exit, see ``running.run``."""
    sys.exit(running.run(main, is_program=True))

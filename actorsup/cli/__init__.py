"""The command ``actorsup``. Nothing that takes time is imported before the arguments are parsed."""

import os
from collections.abc import Callable, Sequence

from .running import run

# Threads that wait must not spin: on cores that other programs use too, that would take several times as long. OpenMP
# reads it once, when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``actorsup COMMAND …`` and return its exit code; None takes the arguments of this process."""
    return _main(None, argv)


def tool(command: str) -> Callable[[Sequence[str] | None], int]:
    """The ``main`` of a script that is one command alone."""
    return lambda argv=None: _main(command, argv)


def _main(command: str | None, argv: Sequence[str] | None) -> int:
    def work() -> int | None:
        from .commands import command_parser, tool_parser

        parser = command_parser() if command is None else tool_parser(command)
        try:
            arguments, unknown = parser.parse_known_args(argv)
            if unknown:  # the command's own parser says which options it has
                arguments.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
        except SystemExit as stop:  # --help, --version, or arguments that argparse refused
            return stop.code
        return arguments.run(arguments)

    return run(work, is_program=argv is None)

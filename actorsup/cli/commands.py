"""All commands, and their parsers."""

import argparse
import inspect
from collections.abc import Callable, Iterator
from typing import NamedTuple

from actorsup import __version__
from actorsup.cli import data, environment, inference, proposals, training


class Command(NamedTuple):
    """One command: the docstring of ``run`` is its help, whose first line stands in the list of commands."""

    name: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int | None]

    def fill(self, parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
        """Give a parser everything that the command has."""
        parser.description = inspect.getdoc(self.run)
        self.add_arguments(parser)
        parser.set_defaults(run=self.run)
        return parser


COMMANDS = (
    Command("demo", training.add_demo, training.run_demo),
    Command("proposals", proposals.add_proposals, proposals.run_proposals),
    Command("eval-proposals", proposals.add_eval_proposals, proposals.run_eval_proposals),
    Command("train", training.add_train, training.run_train),
    Command("test", training.add_test, training.run_test),
    Command("localize", inference.add_localize, inference.run_localize),
    Command("report", inference.add_report, inference.run_report),
    Command("convert", data.add_convert, data.run_convert),
    Command("check", data.add_check, data.run_check),
    Command("puppets", data.add_puppets, data.run_puppets),
    Command("experiments", training.add_experiments, training.run_experiments),
    Command("eval-tracker", proposals.add_eval_tracker, proposals.run_eval_tracker),
    Command("config", environment.add_show_config, environment.run_show_config),
    Command("doctor", environment.add_doctor, environment.run_doctor),
)


class HelpFormatter(argparse.HelpFormatter):
    """Wraps each paragraph of a description on its own, and gives each command one line."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fill = super()._fill_text
        return "\n\n".join(fill(paragraph, width, indent) for paragraph in text.split("\n\n"))

    def _iter_indented_subactions(self, action: argparse.Action) -> Iterator[argparse.Action]:
        # Indented, as argparse has them, they are wider than the column that it makes for them.
        yield from getattr(action, "_get_subactions", list)()


def command_parser() -> argparse.ArgumentParser:
    """The parser of ``actorsup``, with every command."""
    parser = argparse.ArgumentParser(
        prog="actorsup",
        formatter_class=HelpFormatter,
        description="Find where actions happen in videos, learning from video-level labels alone.",
        epilog="`actorsup COMMAND --help` says more. Exit codes: 0, 1 if something did not work for some of the "
        "inputs, 2 if the input is wrong, 130 after Ctrl-C.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        summary = inspect.getdoc(command.run).splitlines()[0].rstrip(".")
        command.fill(subparsers.add_parser(command.name, help=summary, formatter_class=HelpFormatter))
    return parser


def tool_parser(name: str) -> argparse.ArgumentParser:
    """The parser of one command alone, as a script has it."""
    (command,) = [command for command in COMMANDS if command.name == name]
    return command.fill(argparse.ArgumentParser(formatter_class=HelpFormatter))

"""Declaring commands and their arguments, and the arguments that several commands share."""

from __future__ import annotations

import argparse
import inspect
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mmengine.config import Config

CONFIG = "config file, or the name of one that ships (actorsup config --list)"

AddArguments = Callable[[argparse.ArgumentParser], object]
Run = Callable[[argparse.Namespace], int | None]


class Command(NamedTuple):
    """A command. The docstring of ``run`` is its help, and the first line its entry in the list of commands."""

    name: str
    run: Run
    arguments: tuple[AddArguments, ...]

    def fill(self, parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
        """Give a parser everything that the command has."""
        parser.description = inspect.getdoc(self.run)
        for add in self.arguments:
            add(parser)
        parser.set_defaults(run=self.run, parser=parser)
        return parser


def command(name: str, *arguments: AddArguments) -> Callable[[Run], Command]:
    """Make a function the command of a name, with these arguments."""
    return lambda run: Command(name, run, arguments)


def argument(*names: str, **options) -> AddArguments:
    """An argument of a command, as argparse's ``add_argument`` takes it."""
    return lambda parser: parser.add_argument(*names, **options)


OUT = argument("--out", dest="work_dir", metavar="WORK_DIR", help="the same as --work-dir")


class HelpFormatter(argparse.HelpFormatter):
    """Wrap each paragraph of a description on its own, and give each command one line."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fill = super()._fill_text
        return "\n\n".join(fill(paragraph, width, indent) for paragraph in text.split("\n\n"))

    def _iter_indented_subactions(self, action: argparse.Action) -> Iterator[argparse.Action]:
        # Indented, as argparse has them, they are wider than their column.
        yield from getattr(action, "_get_subactions", list)()


def add_config(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add the config, its work directory, settings to replace, and launcher."""
    text = CONFIG if default is None else f"{CONFIG}; default: {default}"
    parser.add_argument("config", nargs=None if default is None else "?", default=default, help=text)
    parser.add_argument("--work-dir", help="where results go; default: the config's work_dir, or work_dirs/<its name>")
    add_options(parser)
    parser.add_argument(
        "--launcher",
        choices=["none", "pytorch", "slurm", "mpi"],
        default="none",
        help="what started the processes of a distributed run; default: none",
    )
    # torchrun of torch < 2.0 passes it as an argument, later ones in the environment.
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0, help=argparse.SUPPRESS)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``, as strings that ``actorsup.engine.parse_options`` reads."""
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="replace settings of the config, e.g. proposals.linker=viterbi",
    )


def read_config(arguments: argparse.Namespace) -> Config:
    """The config that the arguments of ``add_config``, or a config and those of ``add_options``, describe."""
    from actorsup.engine import load_config, parse_options

    given = {"work_dir": None, "launcher": "none", "local_rank": 0, **vars(arguments)}
    os.environ.setdefault("LOCAL_RANK", str(given["local_rank"]))
    return load_config(given["config"], given["work_dir"], parse_options(given["cfg_options"]), given["launcher"])

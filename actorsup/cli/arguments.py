"""Arguments that several commands share, and the config that they describe."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmengine.config import Config

CONFIG = "config file, or the name of one that ships (actorsup config --list)"


def add_config(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add the config and what goes with it: work directory, settings to replace, launcher.

    Args:
        parser: of the command.
        default: config of a command that needs none.
    """
    if default is None:
        parser.add_argument("config", help=CONFIG)
    else:
        parser.add_argument("config", nargs="?", default=default, help=f"{CONFIG}; default: {default}")
    parser.add_argument("--work-dir", help="where results go; default: work_dirs/<name of the config>")
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
    """Add ``--cfg-options``. They stay strings here; ``parse_options`` of ``actorsup.apis`` gives them their values."""
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action="extend",
        type=_option,
        default=[],
        metavar="KEY=VALUE",
        help="replace settings of the config, e.g. proposals.linker=viterbi",
    )


def _option(text: str) -> str:
    if "=" not in text:
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE, got {text!r}")
    return text


def read_config(arguments: argparse.Namespace) -> Config:
    """The config that the arguments of ``add_config`` describe."""
    from actorsup.engine import load_config, parse_options

    os.environ.setdefault("LOCAL_RANK", str(arguments.local_rank))
    options = parse_options(arguments.cfg_options)
    return load_config(arguments.config, arguments.work_dir, options, arguments.launcher)

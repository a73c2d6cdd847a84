"""What all tools share on the command line."""

import argparse
import os
import sys
from collections.abc import Callable

from mmengine.config import Config, DictAction

from actorsup.errors import InputError

from .config import load_config


def parser(description: str) -> argparse.ArgumentParser:
    """A parser with the arguments that every tool takes."""
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("config", help="config file")
    result.add_argument("--work-dir", help="where results go; default: work_dirs/<name of the config>")
    result.add_argument(
        "--cfg-options",
        nargs="+",
        action=DictAction,
        metavar="KEY=VALUE",
        help="replace settings of the config, e.g. proposals.linker=viterbi",
    )
    result.add_argument("--launcher", choices=["none", "pytorch", "slurm", "mpi"], default="none")
    # torchrun of torch < 2.0 passes it as an argument, later ones in the environment.
    result.add_argument("--local_rank", "--local-rank", type=int, default=0, help=argparse.SUPPRESS)
    return result


def read_config(arguments: argparse.Namespace) -> Config:
    """The config that the common arguments describe."""
    os.environ.setdefault("LOCAL_RANK", str(arguments.local_rank))
    return load_config(arguments.config, arguments.work_dir, arguments.cfg_options, arguments.launcher)


def run(main: Callable[[], int | None]) -> None:
    """Run a tool and exit: 0 or what it returns, 2 with one message for bad input, 130 after Ctrl-C."""
    try:
        sys.exit(main() or 0)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted; what was finished is kept", file=sys.stderr)
        sys.exit(130)

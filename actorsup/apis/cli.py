"""What all tools share on the command line."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from mmengine.config import Config, DictAction

from actorsup.errors import InputError

from .config import load_config
from .launch import leave_distributed


def parser(description: str) -> argparse.ArgumentParser:
    """A parser with the arguments that every tool takes."""
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("config", help="config file")
    result.add_argument("--work-dir", help="where results go; default: work_dirs/<name of the config>")
    add_options(result)
    result.add_argument("--launcher", choices=["none", "pytorch", "slurm", "mpi"], default="none")
    # torchrun of torch < 2.0 passes it as an argument, later ones in the environment.
    result.add_argument("--local_rank", "--local-rank", type=int, default=0, help=argparse.SUPPRESS)
    return result


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser ``--cfg-options``."""
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=_Options,
        metavar="KEY=VALUE",
        help="replace settings of the config, e.g. proposals.linker=viterbi",
    )


class _Options(DictAction):
    """mmengine's ``key=value`` options, with a message for what is none."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        for value in values:
            if "=" not in value:
                parser.error(f"{option_string}: expected KEY=VALUE, got {value!r}")
        super().__call__(parser, namespace, values, option_string)


def read_config(arguments: argparse.Namespace) -> Config:
    """The config that the common arguments describe."""
    os.environ.setdefault("LOCAL_RANK", str(arguments.local_rank))
    return load_config(arguments.config, arguments.work_dir, arguments.cfg_options, arguments.launcher)


def run(main: Callable[[], int | None]) -> None:
    """Run a tool and exit: 0 or what it returns, 2 with one message for bad input, 130 after Ctrl-C.

    Bad input is what raises ``InputError``, a config that names an unknown part or option, and a file that cannot be
    written or read.
    """
    try:
        status = main() or 0
        leave_distributed()
        sys.exit(status)
    except InputError as error:
        _fail(_message(error))
    except (TypeError, KeyError) as error:
        if not _raised_by_registry(error):
            raise
        _fail(f"config: {error.args[0]}")
    except OSError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        print("interrupted; what was finished is kept", file=sys.stderr)
        sys.exit(130)


def _fail(message: str) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


def _message(error: InputError) -> str:
    """The error's message; where it was raised in a worker of a dataloader, without the traceback that torch adds."""
    message = str(error)
    marker = f"{type(error).__module__}.{type(error).__qualname__}: "
    return message.rsplit(marker, 1)[1].strip() if "Original Traceback" in message else message


def _raised_by_registry(error: Exception) -> bool:
    """Whether mmengine's registry raised an error itself, for a part or an option that does not exist."""
    frames = traceback.extract_tb(error.__traceback__)
    return Path(frames[-1].filename).parts[-3:-1] == ("mmengine", "registry")

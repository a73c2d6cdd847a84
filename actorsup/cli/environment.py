"""What there is: configs, and whether what is installed works."""

import argparse

from actorsup.installation import shipped_configs

from .arguments import CONFIG, add_options


def add_show_config(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``actorsup config``."""
    shown = parser.add_mutually_exclusive_group(required=True)
    shown.add_argument("config", nargs="?", help=CONFIG)
    shown.add_argument("--list", action="store_true", help="list the configs that ship, by name")
    add_options(parser)


def run_show_config(arguments: argparse.Namespace) -> None:
    """Print a config in full, or list those that ship.

    In full is with everything that it is based on, as mmengine resolves it.
    """
    if arguments.list:
        configs = shipped_configs()
        width = max(map(len, configs))
        for name, path in configs.items():
            print(f"{name:<{width}}  {_first_comment(path.read_text(encoding='utf-8'))}")
        return
    from actorsup.engine import load_config, parse_options

    from .output import print_code

    print_code(load_config(arguments.config, options=parse_options(arguments.cfg_options)).pretty_text)


def _first_comment(code: str) -> str:
    """The first line of a config, where it is a comment."""
    line = code.partition("\n")[0]
    return line.removeprefix("#").strip() if line.startswith("#") else ""


def add_doctor(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``actorsup doctor``."""
    parser.add_argument("config", nargs="?", help=f"{CONFIG}, to look at what it needs")
    add_options(parser)


def run_doctor(arguments: argparse.Namespace) -> int:
    """Check what works here, and how to fix the rest.

    It looks at libraries, operators and video decoders, and at what a config needs: data, weights, proposals. The
    command that fixes it is printed for each thing that does not work. The exit code is 1 if one of them is needed.
    """
    from .doctor import check_config, check_environment, print_checks

    checks = check_environment()
    print_checks("environment", checks)
    if arguments.config is not None:
        of_config = check_config(arguments.config, arguments.cfg_options)
        print_checks(arguments.config, of_config)
        checks += of_config
    return 1 if any(check.needed and not check.works for check in checks) else 0

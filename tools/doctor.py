"""Look at what works here: libraries, operators, video decoders; and what a config needs: data, weights, proposals.

For each thing that does not work, the command that mends it is printed. Exit code 1 if something needed does not work.
"""

import argparse
import sys

from actorsup.doctor import check_config, check_environment, print_checks


def main() -> int:
    """Parse, call, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", help="config file, to look at what it needs")
    parser.add_argument(
        "--cfg-options", nargs="+", default=(), metavar="KEY=VALUE", help="replace settings of the config"
    )
    arguments = parser.parse_args()
    checks = check_environment()
    print_checks("environment", checks)
    if arguments.config is not None:
        of_config = check_config(arguments.config, arguments.cfg_options)
        print_checks(arguments.config, of_config)
        checks += of_config
    return 1 if any(check.needed and not check.works for check in checks) else 0


if __name__ == "__main__":
    sys.exit(main())

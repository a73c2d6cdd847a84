"""Print a config with everything that it is based on, as mmengine resolves it."""

import argparse

from actorsup.apis import cli, load_config
from actorsup.apis.results import print_code


def main() -> None:
    """Parse and call."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file")
    cli.add_options(parser)
    arguments = parser.parse_args()
    print_code(load_config(arguments.config, options=arguments.cfg_options).pretty_text)


if __name__ == "__main__":
    cli.run(main)

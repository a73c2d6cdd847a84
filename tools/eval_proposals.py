"""Measure how well the stored proposals of a config cover the true tubes of its test videos."""

from actorsup.apis import cli, evaluate_stored_proposals
from actorsup.apis.results import print_numbers, print_table


def main() -> None:
    """Parse, call, report."""
    arguments = cli.parser(__doc__).parse_args()
    numbers, per_class = evaluate_stored_proposals(cli.read_config(arguments))
    print_table("by class", per_class)
    print_numbers("proposals", numbers)


if __name__ == "__main__":
    cli.run(main)

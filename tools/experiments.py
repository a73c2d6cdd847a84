"""Train and test every variant of an experiments file with every seed, and print the table of what they gave.

What is measured already is not repeated: interrupted, the same command goes on.
"""

import argparse

from actorsup.apis import Experiments, cli
from actorsup.apis.results import print_table
from actorsup.proposals.progress import progress_bar


def main() -> None:
    """Parse, run what is missing, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", help="experiments file, e.g. configs/experiments/puppets_attention.py")
    parser.add_argument("--only", nargs="+", default=(), metavar="VARIANT", help="run these variants only")
    parser.add_argument("--report", action="store_true", help="run nothing, print the table of what is there")
    arguments = parser.parse_args()
    experiments = Experiments.read(arguments.experiments)
    pending = [] if arguments.report else experiments.pending(arguments.only)
    with progress_bar("experiments", len(pending), unit="trainings", enabled=bool(pending)) as progress:
        for variant, seed in pending:
            progress.show(f"{variant}, seed {seed}")
            experiments.run(variant, seed)
            progress.advance(1)
    if rows := experiments.table():
        print_table("percent, mean ± standard deviation over seeds", rows)


if __name__ == "__main__":
    cli.run(main)

"""Train and test every variant of an experiments file with every seed, print the table of what they gave, and draw it.

A file that names the models of other experiments trains nothing and tests them. What is measured already is not
repeated: interrupted, the same command goes on.
"""

import argparse

import torch

from actorsup.apis import Experiments, cli
from actorsup.apis.results import print_table
from actorsup.proposals.progress import progress_bar


def main() -> None:
    """Parse, run what is missing, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", help="experiments file, e.g. configs/experiments/puppets_attention.py")
    parser.add_argument("--only", nargs="+", default=(), metavar="VARIANT", help="run these variants only")
    parser.add_argument(
        "--jobs", type=int, help="trainings at a time; the default is one a core, or one in all where there is a GPU"
    )
    parser.add_argument("--report", action="store_true", help="run nothing, print the table of what is there")
    arguments = parser.parse_args()
    experiments = Experiments.read(arguments.experiments)
    pending = [] if arguments.report else experiments.pending(arguments.only)
    with progress_bar("experiments", len(pending), unit="trainings", enabled=bool(pending)) as progress:
        experiments.run_all(
            pending,
            jobs=_default_jobs() if arguments.jobs is None else arguments.jobs,
            on_start=lambda variant, seed: progress.show(f"{variant}, seed {seed}"),
            on_end=lambda variant, seed: progress.advance(1),
        )
    if rows := experiments.table():
        print_table("percent, mean ± standard deviation over seeds", rows)
        print(f"picture: {experiments.chart()}")


def _default_jobs() -> int:
    return 1 if torch.cuda.is_available() else torch.get_num_threads()


if __name__ == "__main__":
    cli.run(main)

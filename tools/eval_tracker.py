"""Measure the trackers of a config on its sequences: one pass over each, from the first true box.

Tables of mean IoU by sequence and of the means are printed; numbers, curves and a plot go into the work directory.
"""

from actorsup.apis import cli, evaluate_trackers, tracker_tables
from actorsup.apis.results import print_table


def main() -> None:
    """Parse, call, report."""
    parser = cli.parser(__doc__)
    parser.add_argument("--out", dest="work_dir", metavar="WORK_DIR", help="the same as --work-dir")
    parser.add_argument("--show-dir", help="folder for a picture of each sequence with true and predicted boxes")
    arguments = parser.parse_args()
    by_sequence, means = tracker_tables(evaluate_trackers(cli.read_config(arguments), arguments.show_dir))
    print_table("mean IoU", by_sequence)
    print_table("mean over sequences", means)


if __name__ == "__main__":
    cli.run(main)

"""Measure how well stored proposals cover the true tubes of the config's test videos.

Without STORE they are those that the config describes. Several stores (folders `tubes_<linker>`, whatever made them)
are compared side by side. Numbers and the curves of recall against number of proposals and overlap go into the work
directory.
"""

from actorsup.apis import cli, evaluate_stored_proposals
from actorsup.apis.results import print_numbers, print_table


def main() -> None:
    """Parse, call, report."""
    parser = cli.parser(__doc__)
    parser.add_argument("stores", nargs="*", metavar="STORE", help="folder of tubes to measure")
    parser.add_argument("--out", dest="work_dir", metavar="WORK_DIR", help="the same as --work-dir")
    arguments = parser.parse_args()
    results = evaluate_stored_proposals(cli.read_config(arguments), arguments.stores)
    for name, result in results.items():
        print_table(f"{name}, by class", result.per_class)
    if len(results) == 1:
        print_numbers("proposals", next(iter(results.values())).numbers)
    else:
        keys = next(iter(results.values())).numbers
        print_table(
            "proposals", [{"metric": key, **{name: of.numbers[key] for name, of in results.items()}} for key in keys]
        )


if __name__ == "__main__":
    cli.run(main)

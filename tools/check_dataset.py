"""Look for what is wrong with a config's data sets before a training does: videos, labels, true tubes.

Prints videos and tubes by split and class, and what was found; writes all of it (dataset_check.json) and a picture of
sample frames with their true tubes (dataset_sheet.png) into the work directory. Exit code 1 if there are errors.
"""

from collections import defaultdict

from actorsup.apis import check_dataset, cli
from actorsup.apis.results import print_table

NUM_SHOWN = 5


def main() -> int:
    """Parse, call, report."""
    parser = cli.parser(__doc__)
    parser.add_argument("--quick", action="store_true", help="read the first frame of each video only, not its length")
    arguments = parser.parse_args()
    report = check_dataset(cli.read_config(arguments), decode=not arguments.quick)
    for name, counts in report.counts.items():
        print_table(name, counts)
    by_kind = defaultdict(list)
    for finding in report.findings:
        by_kind["error" if finding.is_error else "warning", finding.kind].append(finding)
    for (severity, kind), findings in by_kind.items():
        print(f"{severity}: {kind}: {len(findings)}")
        for finding in findings[:NUM_SHOWN]:
            print(f"    {finding.where}: {finding.detail}")
        if len(findings) > NUM_SHOWN:
            print(f"    and {len(findings) - NUM_SHOWN} more, see dataset_check.json")
    if report.sheet is not None:
        print(f"look at {report.sheet}")
    print(f"{len(report.errors)} errors, {len(report.findings) - len(report.errors)} warnings")
    return 1 if report.errors else 0


if __name__ == "__main__":
    cli.run(main)

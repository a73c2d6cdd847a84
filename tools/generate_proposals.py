"""Make the actor proposals of every video of a config's data sets (paper, Sec. 3.1).

Detections and tubes are kept in the config's proposals.root; a run that was interrupted goes on where it stopped.
Exit code 1 if some videos could not be used.
"""

from mmengine.dist import is_main_process

from actorsup.apis import cli, generate_proposals


def main() -> int:
    """Parse, call, report."""
    arguments = cli.parser(__doc__).parse_args()
    report = generate_proposals(cli.read_config(arguments))
    if not is_main_process():
        return 0
    print(f"{len(report.made)} videos done now, {len(report.kept)} were done already")
    if report.without_tubes:
        print(f"{len(report.without_tubes)} without any detection: {', '.join(report.without_tubes)}")
    for name, reason in report.failed.items():
        print(f"failed: {name}: {reason}")
    return 1 if report.failed else 0


if __name__ == "__main__":
    cli.run(main)

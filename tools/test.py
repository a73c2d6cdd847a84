"""Measure a checkpoint on the test videos of a config."""

from actorsup.apis import cli, evaluate
from actorsup.apis.results import print_numbers, print_table


def main() -> None:
    """Parse, call, report."""
    parser = cli.parser(__doc__)
    parser.add_argument("checkpoint", help="checkpoint file that training wrote")
    parser.add_argument("--show-dir", help="folder for a picture of each video with its best tubes")
    parser.add_argument(
        "--diagnose",
        type=float,
        nargs="?",
        const=0.5,
        metavar="IOU",
        help="find the reason of every missed true tube and false detection at this overlap; 0.5 without a number",
    )
    arguments = parser.parse_args()
    result = evaluate(
        cli.read_config(arguments),
        arguments.checkpoint,
        overlays=arguments.show_dir,
        diagnose_at=arguments.diagnose,
    )
    for title, rows in result.tables.items():
        print_table(title, rows)
    print_numbers("test", result.rest)


if __name__ == "__main__":
    cli.run(main)

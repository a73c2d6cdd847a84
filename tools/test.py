"""Measure a checkpoint on the test videos of a config."""

from actorsup.apis import cli, evaluate
from actorsup.apis.results import print_numbers


def main() -> None:
    """Parse, call, report."""
    parser = cli.parser(__doc__)
    parser.add_argument("checkpoint", help="checkpoint file that training wrote")
    parser.add_argument("--show-dir", help="folder for a picture of each video with its best tubes")
    arguments = parser.parse_args()
    metrics = evaluate(cli.read_config(arguments), arguments.checkpoint, overlays=arguments.show_dir)
    print_numbers("test", metrics)


if __name__ == "__main__":
    cli.run(main)

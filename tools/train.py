"""Train a model from video labels alone, on stored proposals; or, by a config without proposals, a detector."""

from actorsup.apis import cli, train


def main() -> None:
    """Parse and call."""
    parser = cli.parser(__doc__)
    parser.add_argument("--resume", action="store_true", help="go on from the latest checkpoint in the work directory")
    parser.add_argument("--amp", action="store_true", help="automatic mixed precision")
    arguments = parser.parse_args()
    train(cli.read_config(arguments), resume=arguments.resume, amp=arguments.amp)


if __name__ == "__main__":
    cli.run(main)

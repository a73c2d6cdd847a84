"""Draw the world of puppets of a config: still images, sequences and videos with annotation.

A world that is there already is kept; one with other settings in its place is an error.
"""

from actorsup.apis import cli, make_puppets


def main() -> None:
    """Parse, call, report."""
    parser = cli.parser(__doc__)
    parser.add_argument("--processes", type=int, help="how many draw; one a core by default")
    arguments = parser.parse_args()
    print(f"the puppets are in {make_puppets(cli.read_config(arguments), arguments.processes)}")


if __name__ == "__main__":
    cli.run(main)

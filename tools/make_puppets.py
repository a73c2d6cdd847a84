"""Draw the synthetic world of a config, the Puppets; the same as ``actorsup puppets``."""

import sys

from actorsup.cli import tool

main = tool("puppets")

if __name__ == "__main__":
    sys.exit(main())

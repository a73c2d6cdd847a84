"""Make the actor proposals of every video of a config; the same as ``actorsup proposals``."""

import sys

from actorsup.cli import tool

main = tool("proposals")

if __name__ == "__main__":
    sys.exit(main())

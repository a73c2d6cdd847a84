"""Make scenes of several people at once from clips of one; the same as ``actorsup crowd``."""

import sys

from actorsup.cli import tool

main = tool("crowd")

if __name__ == "__main__":
    sys.exit(main())

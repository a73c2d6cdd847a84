"""Find what is wrong with a config's datasets; the same as ``actorsup check``."""

import sys

from actorsup.cli import tool

main = tool("check")

if __name__ == "__main__":
    sys.exit(main())

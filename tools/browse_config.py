"""Print a config in full, or list those that ship; the same as ``actorsup config``."""

import sys

from actorsup.cli import tool

main = tool("config")

if __name__ == "__main__":
    sys.exit(main())

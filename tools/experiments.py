"""Train and test variants of a config with several seeds; the same as ``actorsup experiments``."""

import sys

from actorsup.cli import tool

main = tool("experiments")

if __name__ == "__main__":
    sys.exit(main())

"""Measure a checkpoint on the test videos of a config; the same as ``actorsup test``."""

import sys

from actorsup.cli import tool

main = tool("test")

if __name__ == "__main__":
    sys.exit(main())

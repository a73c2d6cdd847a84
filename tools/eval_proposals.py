"""Measure how well proposals cover the true tubes; the same as ``actorsup eval-proposals``."""

import sys

from actorsup.cli import tool

main = tool("eval-proposals")

if __name__ == "__main__":
    sys.exit(main())

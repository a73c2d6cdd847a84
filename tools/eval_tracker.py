"""Measure the trackers of a config on its sequences; the same as ``actorsup eval-tracker``."""

import sys

from actorsup.cli import tool

main = tool("eval-tracker")

if __name__ == "__main__":
    sys.exit(main())

"""Measure the predictions of another method; the same as ``actorsup eval-predictions``."""

import sys

from actorsup.cli import tool

main = tool("eval-predictions")

if __name__ == "__main__":
    sys.exit(main())

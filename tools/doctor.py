"""Check what works here, and how to fix the rest; the same as ``actorsup doctor``."""

import sys

from actorsup.cli import tool

main = tool("doctor")

if __name__ == "__main__":
    sys.exit(main())

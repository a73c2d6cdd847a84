"""Run the whole method on a small synthetic world; the same as ``actorsup demo``."""

import sys

from actorsup.cli import tool

main = tool("demo")

if __name__ == "__main__":
    sys.exit(main())

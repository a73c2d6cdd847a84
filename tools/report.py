"""Write an HTML page about a run, or several side by side; the same as ``actorsup report``."""

import sys

from actorsup.cli import tool

main = tool("report")

if __name__ == "__main__":
    sys.exit(main())

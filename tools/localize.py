"""Find actions in videos: JSON and a rendered video of each; the same as ``actorsup localize``."""

import sys

from actorsup.cli import tool

main = tool("localize")

if __name__ == "__main__":
    sys.exit(main())

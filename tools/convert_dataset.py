"""Make an annotation file of a dataset in another format; the same as ``actorsup convert``."""

import sys

from actorsup.cli import tool

main = tool("convert")

if __name__ == "__main__":
    sys.exit(main())

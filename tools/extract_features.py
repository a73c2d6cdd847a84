"""Store the features of every video of a config whose encoder is frozen; the same as ``actorsup extract-features``."""

import sys

from actorsup.cli import tool

main = tool("extract-features")

if __name__ == "__main__":
    sys.exit(main())

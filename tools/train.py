"""Train a model from video-level labels, on stored proposals; the same as ``actorsup train``."""

import sys

from actorsup.cli import tool

main = tool("train")

if __name__ == "__main__":
    sys.exit(main())

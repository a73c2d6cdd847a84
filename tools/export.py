"""Write a trained model as ONNX, or for torch.export; the same as ``actorsup export``."""

import sys

from actorsup.cli import tool

main = tool("export")

if __name__ == "__main__":
    sys.exit(main())

"""One page about one run or several: numbers, curves, errors, and videos that play in it, with their tubes."""

from .gallery import Limits
from .run import Run

__all__ = ["Limits", "Run"]

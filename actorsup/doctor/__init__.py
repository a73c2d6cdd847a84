"""What works here, what does not, and how it is mended. Imports nothing that could be broken."""

from .check import Check
from .config import check_config
from .environment import check_environment
from .report import print_checks

__all__ = ["Check", "check_config", "check_environment", "print_checks"]

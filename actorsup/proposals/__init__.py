"""Making proposals: a detector and a linker over many videos, kept in stores."""

from .config import ProposalConfig
from .generator import GenerationReport, ProposalGenerator

__all__ = [
    "GenerationReport",
    "ProposalConfig",
    "ProposalGenerator",
]

"""Making proposals: a detector and a linker over many videos, kept in stores."""

from .generator import GenerationReport, ProposalGenerator
from .recipe import ProposalRecipe

__all__ = ["GenerationReport", "ProposalGenerator", "ProposalRecipe"]

"""Proposals: a detector and a linker on one video, and on many, kept in stores."""

from .config import ProposalConfig
from .generator import GenerationReport, ProposalGenerator
from .pipeline import ProposalPipeline

__all__ = ["GenerationReport", "ProposalConfig", "ProposalGenerator", "ProposalPipeline"]

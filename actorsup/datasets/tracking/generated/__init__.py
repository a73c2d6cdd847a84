"""Pairs that are drawn, not filmed: textured figures that move over textured grounds."""

from .generated_pairs import GeneratedPairs

__all__ = ["GeneratedPairs"]

"""Heads: tube features in, losses or scores out."""

from .top_k_attention import TopKAttentionHead
from .tube_head import TubeHead

__all__ = ["TopKAttentionHead", "TubeHead"]

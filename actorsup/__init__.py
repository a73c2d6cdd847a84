"""Weakly supervised spatiotemporal action localization by actor supervision."""

__version__ = "0.1.0"

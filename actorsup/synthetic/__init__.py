"""Puppets, a synthetic world of actors to train and measure the whole method on.

``generated_pairs`` has synthetic pairs for trackers, ``demo`` what the commands call.
"""

from .bodies import ACTORS
from .performance import ACTIONS
from .script import WorldSettings, WorldSizes
from .world import PuppetWorld

__all__ = ["ACTIONS", "ACTORS", "PuppetWorld", "WorldSettings", "WorldSizes"]

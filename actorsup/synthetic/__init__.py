"""What is synthetic: Puppets, a world of actors to train and measure the whole method on, and pairs for trackers.

The core does not import it. The pairs are in ``generated_pairs``, the commands' functions in ``demo``: drawing a world
needs nothing of the rest of the package.
"""

from .bodies import ACTORS
from .performance import ACTIONS
from .script import WorldSettings, WorldSizes
from .world import PuppetWorld

__all__ = ["ACTIONS", "ACTORS", "PuppetWorld", "WorldSettings", "WorldSizes"]

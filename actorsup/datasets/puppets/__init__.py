"""Puppets: a drawn world of actors, on which the whole method can be trained and measured anywhere."""

from .bodies import ACTORS
from .motions import ACTIONS
from .settings import WorldSettings, WorldSizes
from .world import PuppetWorld

__all__ = ["ACTIONS", "ACTORS", "PuppetWorld", "WorldSettings", "WorldSizes"]

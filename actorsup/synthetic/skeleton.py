"""Jointed bones: what every body and figure is made of, and where its bones are in a pose.

Points of the plane are complex numbers, y pointing down.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Bone:
    """A filled outline that hangs on another bone.

    Args:
        outline: ``(K,)`` complex, from its joint as origin; a limb points down, along +y.
        parent: key of the bone that it hangs on; None for the root.
        joint: where on the parent, in the parent's coordinates.
        material: which of the body's textures it shows.
        layer: bones of higher layers hide those of lower ones.
        follows: whether it turns with its parent; else with the whole skeleton alone.
    """

    outline: np.ndarray
    parent: Hashable | None
    joint: complex = 0
    material: int = 0
    layer: int = 0
    follows: bool = True


@dataclass(frozen=True)
class PlacedBone:
    """A bone in a pose: its ``outline``, and where its own point z is: ``origin + turn · z``."""

    outline: np.ndarray
    origin: complex
    turn: complex
    material: int


def place_bones(
    bones: Mapping[Hashable, Bone], turns: Mapping[Hashable, complex], whole: complex = 1
) -> list[PlacedBone]:
    """The bones in a pose, in the order in which they are painted.

    Args:
        bones: parents first.
        turns: of each bone by the same key, ``exp(iφ)``: how it is turned against what it turns with.
        whole: how the skeleton is turned around its root.
    """
    placed: dict[Hashable, PlacedBone] = {}
    for key, bone in bones.items():
        parent = placed.get(bone.parent)
        origin = parent.origin + parent.turn * bone.joint if parent else 0j
        turn = (parent.turn if parent and bone.follows else whole) * turns[key]
        placed[key] = PlacedBone(origin + turn * bone.outline, origin, turn, bone.material)
    return [placed[key] for key in sorted(bones, key=lambda key: bones[key].layer)]

"""A way to move, and what poses are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Angles = dict[str, float]
UP = np.pi
RIGHT_ANGLE = np.pi / 2


@dataclass(frozen=True)
class Motion:
    """One way to move.

    Args:
        actor: the category that moves so.
        pose: the angles at a phase in cycles, which goes on growing from cycle to cycle, for an amplitude near 1.
            ``air`` among them is the height of the lowest point over the ground, in units of the body.
        period: seconds a cycle.
        speed: forwards, in units of the body a second.
        usual: whether the pose is one that still images usually show; a detector has seen those alone.
    """

    actor: str
    pose: Callable[[float, float], Angles]
    period: float
    speed: float = 0.0
    usual: bool = False


def blend(first: Mapping[str, float], second: Mapping[str, float], share: float) -> Angles:
    """A pose between two: ``share`` 0 is the first, 1 the second. The whole body turns the short way."""
    names = first.keys() | second.keys()
    mixed = {name: (1 - share) * first.get(name, 0.0) + share * second.get(name, 0.0) for name in names}
    if "turn" in names:
        start, end = first.get("turn", 0.0), second.get("turn", 0.0)
        mixed["turn"] = start + share * ((end - start + np.pi) % (2 * np.pi) - np.pi)
    return mixed


def wave_of(phase: float, offset: float = 0.0) -> float:
    """A sine of the phase, in cycles, and of an offset."""
    return float(np.sin(2 * np.pi * (phase + offset)))


def pulse(phase: float) -> float:
    """0 at the ends of a cycle and 1 in its middle, smoothly."""
    return (1 - float(np.cos(2 * np.pi * phase))) / 2

"""What puppets do: motions, which repeat a pose by its phase. ``poses`` has the poses themselves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from . import poses
from .poses import Angles


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


# What videos are labelled with, in the order of the labels.
ACTIONS: dict[str, Motion] = {
    "walk": Motion("person", poses.walk, 1.1, 0.5, usual=True),
    "run": Motion("person", poses.run, 0.7, 1.25),
    "squat": Motion("person", poses.squat, 2.0),
    "wave": Motion("person", poses.wave, 0.8),
    "kick": Motion("person", poses.kick, 1.3),
    "crawl": Motion("person", poses.crawl, 1.2, 0.35),
    "roll": Motion("person", poses.roll, 1.3, 0.75),
    "cartwheel": Motion("person", poses.cartwheel, 1.5, 0.9),
    "jumping_jack": Motion("person", poses.jumping_jack, 1.0),
    "throw": Motion("person", poses.throw, 1.5),
    "dog_run": Motion("dog", poses.dog_run, 0.6, 1.7),
    "dog_jump": Motion("dog", poses.dog_jump, 0.9, 0.8),
    "bird_fly": Motion("bird", poses.bird_fly, 0.5, 1.6),
    "car_drive": Motion("car", poses.car_rolling, 0.8, 1.2, usual=True),
    "ball_bounce": Motion("sports ball", poses.ball_bounce, 0.9, 1.5, usual=True),
}
# What those do that do not act.
PASTIMES: dict[str, tuple[Motion, ...]] = {
    "person": (
        Motion("person", poses.standing, 2.5, usual=True),
        Motion("person", poses.talk, 1.3, usual=True),
        Motion("person", poses.hands_on_hips, 3.0, usual=True),
    ),
    "dog": (Motion("dog", poses.dog_standing, 0.5, usual=True), Motion("dog", poses.dog_sitting, 0.5, usual=True)),
    "bird": (Motion("bird", poses.bird_perched, 1.5, usual=True),),
    "car": (Motion("car", poses.car_parked, 1.0, usual=True),),
    "sports ball": (Motion("sports ball", poses.ball_lying, 2.0, usual=True),),
}


def all_motions(actor: str) -> tuple[Motion, ...]:
    """What a category does: pastimes, and its actions."""
    return PASTIMES[actor] + tuple(motion for motion in ACTIONS.values() if motion.actor == actor)


def usual_motions(actor: str) -> tuple[Motion, ...]:
    """Those of them that still images usually show."""
    return tuple(motion for motion in all_motions(actor) if motion.usual)


def blend(first: Mapping[str, float], second: Mapping[str, float], share: float) -> Angles:
    """A pose between two: ``share`` 0 is the first, 1 the second. The whole body turns the short way."""
    names = first.keys() | second.keys()
    mixed = {name: (1 - share) * first.get(name, 0.0) + share * second.get(name, 0.0) for name in names}
    if "turn" in names:
        start, end = first.get("turn", 0.0), second.get("turn", 0.0)
        mixed["turn"] = start + share * ((end - start + np.pi) % (2 * np.pi) - np.pi)
    return mixed

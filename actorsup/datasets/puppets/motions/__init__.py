"""What puppets do: poses over time, as angles of their joints.

Angles are in radians, 0 downwards, positive forwards (see ``bodies``).
"""

from . import others, people
from .motion import Angles, Motion, blend

__all__ = ["ACTIONS", "PASTIMES", "Angles", "Motion", "all_motions", "blend", "usual_motions"]

# What videos are labelled with, in the order of the labels.
ACTIONS: dict[str, Motion] = {
    "walk": Motion("person", people.walk, 1.1, 0.5, usual=True),
    "run": Motion("person", people.run, 0.7, 1.25),
    "squat": Motion("person", people.squat, 2.0),
    "wave": Motion("person", people.wave, 0.8),
    "kick": Motion("person", people.kick, 1.3),
    "crawl": Motion("person", people.crawl, 1.2, 0.35),
    "roll": Motion("person", people.roll, 1.3, 0.75),
    "cartwheel": Motion("person", people.cartwheel, 1.5, 0.9),
    "jumping_jack": Motion("person", people.jumping_jack, 1.0),
    "throw": Motion("person", people.throw, 1.5),
    "dog_run": Motion("dog", others.dog_run, 0.6, 1.7),
    "dog_jump": Motion("dog", others.dog_jump, 0.9, 0.8),
    "bird_fly": Motion("bird", others.bird_fly, 0.5, 1.6),
    "car_drive": Motion("car", others.car_rolling, 0.8, 1.2, usual=True),
    "ball_bounce": Motion("sports ball", others.ball_bounce, 0.9, 1.5, usual=True),
}
# What those do that do not act.
PASTIMES: dict[str, tuple[Motion, ...]] = {
    "person": (
        Motion("person", people.standing, 2.5, usual=True),
        Motion("person", people.talk, 1.3, usual=True),
        Motion("person", people.hands_on_hips, 3.0, usual=True),
    ),
    "dog": (Motion("dog", others.dog_standing, 0.5, usual=True), Motion("dog", others.dog_sitting, 0.5, usual=True)),
    "bird": (Motion("bird", others.bird_perched, 1.5, usual=True),),
    "car": (Motion("car", others.car_parked, 1.0, usual=True),),
    "sports ball": (Motion("sports ball", others.ball_lying, 2.0, usual=True),),
}


def all_motions(actor: str) -> tuple[Motion, ...]:
    """What a category does: pastimes, and its actions."""
    return PASTIMES[actor] + tuple(motion for motion in ACTIONS.values() if motion.actor == actor)


def usual_motions(actor: str) -> tuple[Motion, ...]:
    """Those of them that still images usually show."""
    return tuple(motion for motion in all_motions(actor) if motion.usual)

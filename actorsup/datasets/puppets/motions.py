"""What puppets do: poses over time, as angles of their joints.

Angles are in radians, 0 downwards, positive forwards (see ``bodies``). Arms and head of people turn with the torso,
legs do not.
"""

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


def _wave_of(phase: float, offset: float = 0.0) -> float:
    return float(np.sin(2 * np.pi * (phase + offset)))


def _pulse(phase: float) -> float:
    """0 at the ends of a cycle and 1 in its middle, smoothly."""
    return (1 - float(np.cos(2 * np.pi * phase))) / 2


def _standing(phase: float, amplitude: float) -> Angles:
    sway = 0.03 * amplitude * _wave_of(phase)
    return {
        "torso": UP + sway,
        "near_thigh": 0.07,
        "far_thigh": -0.07,
        "near_foot": 1.3,
        "far_foot": 1.3,
        "near_arm": UP + 0.12 + sway,
        "far_arm": UP - 0.12 + sway,
        "near_forearm": 0.15,
        "far_forearm": 0.15,
    }


def _talk(phase: float, amplitude: float) -> Angles:
    gesture = amplitude * _wave_of(phase)
    arms = {
        "near_arm": UP + 0.3 + 0.15 * gesture,
        "near_forearm": 1.2 + 0.35 * gesture,
        "far_arm": UP + 0.2,
        "far_forearm": 0.9 - 0.3 * amplitude * _wave_of(phase, 0.3),
    }
    return {**_standing(phase, amplitude), **arms, "head": 0.08 * gesture}


def _hands_on_hips(phase: float, amplitude: float) -> Angles:
    arms = {"near_arm": UP + 0.75, "near_forearm": -1.6, "far_arm": UP - 0.75, "far_forearm": 1.6}
    return {**_standing(phase, amplitude), **arms, "head": 0.1 * amplitude * _wave_of(phase)}


def _walk(phase: float, amplitude: float) -> Angles:
    swing = 0.45 * amplitude
    return {
        "torso": UP - 0.05,
        "near_thigh": swing * _wave_of(phase),
        "far_thigh": -swing * _wave_of(phase),
        "near_shin": -0.75 * amplitude * max(_wave_of(phase, 0.22), 0),
        "far_shin": -0.75 * amplitude * max(_wave_of(phase, 0.72), 0),
        "near_foot": 1.3,
        "far_foot": 1.3,
        "near_arm": UP - 0.4 * amplitude * _wave_of(phase),
        "far_arm": UP + 0.4 * amplitude * _wave_of(phase),
        "near_forearm": 0.25,
        "far_forearm": 0.25,
    }


def _run(phase: float, amplitude: float) -> Angles:
    swing = 0.85 * amplitude
    return {
        "torso": UP - 0.28,
        "near_thigh": 0.2 + swing * _wave_of(phase),
        "far_thigh": 0.2 - swing * _wave_of(phase),
        "near_shin": -0.4 - 1.3 * amplitude * max(_wave_of(phase, 0.3), 0),
        "far_shin": -0.4 - 1.3 * amplitude * max(_wave_of(phase, 0.8), 0),
        "near_foot": 1.1,
        "far_foot": 1.1,
        "near_arm": UP - 0.9 * amplitude * _wave_of(phase),
        "far_arm": UP + 0.9 * amplitude * _wave_of(phase),
        "near_forearm": 1.5,
        "far_forearm": 1.5,
        "air": 0.05 * abs(_wave_of(phase)),
    }


def _squat(phase: float, amplitude: float) -> Angles:
    depth = min(amplitude, 1.1) * _pulse(phase)
    return {
        "torso": UP - 0.75 * depth,
        "head": -0.3 * depth,
        "near_thigh": 1.75 * depth + 0.05,
        "far_thigh": 1.7 * depth - 0.05,
        "near_shin": -2.35 * depth,
        "far_shin": -2.3 * depth,
        "near_foot": 1.35 + 0.6 * depth,
        "far_foot": 1.35 + 0.6 * depth,
        "near_arm": UP + 1.1 * depth,
        "far_arm": UP + 1.0 * depth,
        "near_forearm": 0.15,
        "far_forearm": 0.15,
    }


def _wave(phase: float, amplitude: float) -> Angles:
    arm = {"near_arm": UP + 2.5, "near_forearm": 0.35 + 0.75 * amplitude * _wave_of(phase)}
    return {**_standing(phase, 1.0), **arm}


def _kick(phase: float, amplitude: float) -> Angles:
    # Back, then fast forwards and up.
    swing = -0.5 * max(_wave_of(phase), 0) + 1.75 * amplitude * max(_wave_of(phase, 0.5), 0) ** 1.5
    return {
        "torso": UP + 0.22 * max(swing, 0),
        "near_thigh": swing,
        "near_shin": -0.9 * max(-swing, 0),
        "near_foot": 1.0,
        "far_thigh": 0.1,
        "far_shin": -0.2,
        "far_foot": 1.3,
        "near_arm": UP - 0.6 * swing,
        "far_arm": UP + 0.7 * swing,
        "near_forearm": 0.6,
        "far_forearm": 0.6,
    }


def _crawl(phase: float, amplitude: float) -> Angles:
    step = 0.4 * amplitude * _wave_of(phase)
    return {
        "torso": UP - 1.45,
        "head": 0.7,
        "near_thigh": 0.15 + step,
        "far_thigh": 0.15 - step,
        "near_shin": -1.65 - 0.3 * step,
        "far_shin": -1.65 + 0.3 * step,
        "near_foot": 0.2,
        "far_foot": 0.2,
        "near_arm": UP + 1.4 - step,
        "far_arm": UP + 1.4 + step,
        "near_forearm": 0.05,
        "far_forearm": 0.05,
    }


def _roll(phase: float, amplitude: float) -> Angles:
    tuck = 0.9 + 0.1 * amplitude
    return {
        "torso": UP - 0.75 * tuck,
        "head": -0.9,
        "near_thigh": 2.0 * tuck,
        "far_thigh": 1.9 * tuck,
        "near_shin": -2.4 * tuck,
        "far_shin": -2.3 * tuck,
        "near_foot": 0.9,
        "far_foot": 0.9,
        "near_arm": UP + 1.2,
        "far_arm": UP + 1.1,
        "near_forearm": 0.9,
        "far_forearm": 0.9,
        "turn": 2 * np.pi * phase,
    }


def _cartwheel(phase: float, amplitude: float) -> Angles:
    spread = 0.55 * amplitude
    return {
        "torso": UP,
        "near_thigh": spread,
        "far_thigh": -spread,
        "near_arm": UP + UP - 0.5 * amplitude,
        "far_arm": UP - UP + 0.5 * amplitude,
        "near_foot": 0.4,
        "far_foot": -0.4,
        "turn": 2 * np.pi * phase,
    }


def _jumping_jack(phase: float, amplitude: float) -> Angles:
    open_ = amplitude * _pulse(phase)
    return {
        "torso": UP,
        "near_thigh": 0.06 + 0.5 * open_,
        "far_thigh": -0.06 - 0.5 * open_,
        "near_foot": 0.7,
        "far_foot": -0.7,
        "near_arm": UP + 0.15 + 2.5 * open_,
        "far_arm": UP - 0.15 - 2.5 * open_,
        "near_forearm": 0.1,
        "far_forearm": -0.1,
        "air": 0.09 * abs(_wave_of(phase)),
    }


def _throw(phase: float, amplitude: float) -> Angles:
    # Winds up slowly behind the head, then whips forwards.
    cycle = phase % 1.0
    wound = _pulse(min(cycle / 0.7, 1.0) / 2) if cycle < 0.7 else _pulse(0.5 + (cycle - 0.7) / 0.6)
    thrown = _pulse((cycle - 0.6) / 0.4) if cycle > 0.6 else 0.0
    return {
        **_standing(phase, 0.0),
        "torso": UP + 0.3 * wound * amplitude - 0.35 * thrown,
        "near_arm": UP - 2.4 * wound * amplitude + 1.6 * thrown,
        "near_forearm": 1.5 * wound,
        "far_arm": UP + 1.3 * wound,
        "far_thigh": 0.1 + 0.4 * wound,
        "far_shin": -0.4 * wound,
        "near_thigh": -0.1 - 0.3 * thrown,
    }


def _dog_standing(phase: float, amplitude: float) -> Angles:
    return {
        "trunk": RIGHT_ANGLE,
        "neck": 2.3,
        "head": 1.35 + 0.1 * amplitude * _wave_of(phase / 3),
        "ear": -0.4,
        "tail": -2.2 + 0.4 * amplitude * _wave_of(phase),
        "near_fore_paw": -0.05,
        "near_hind_leg": 0.15,
        "near_hind_paw": -0.3,
        "far_hind_leg": 0.1,
        "far_hind_paw": -0.3,
    }


def _dog_sitting(phase: float, amplitude: float) -> Angles:
    sitting = {
        "trunk": 2.3,
        "neck": 2.7,
        "near_hind_leg": 1.5,
        "near_hind_paw": -1.6,
        "far_hind_leg": 1.4,
        "far_hind_paw": -1.6,
        "tail": -1.0 + 0.3 * amplitude * _wave_of(phase),
    }
    return {**_dog_standing(phase, amplitude), **sitting}


def _dog_run(phase: float, amplitude: float) -> Angles:
    angles = {
        "trunk": RIGHT_ANGLE + 0.15 * _wave_of(phase),
        "neck": 1.9 + 0.15 * _wave_of(phase, 0.2),
        "head": 1.45,
        "ear": -1.0,
        "tail": -1.7 + 0.3 * _wave_of(phase),
        "air": 0.08 * max(_wave_of(phase, 0.1), 0),
    }
    for name, offset in (("near_fore", 0.0), ("far_fore", 0.1), ("near_hind", 0.45), ("far_hind", 0.55)):
        angles[f"{name}_leg"] = 0.9 * amplitude * _wave_of(phase, offset)
        angles[f"{name}_paw"] = -0.2 - 0.8 * amplitude * max(_wave_of(phase, offset + 0.3), 0)
    return angles


def _dog_jump(phase: float, amplitude: float) -> Angles:
    height = _pulse(phase)
    pitch = 0.65 * amplitude * _wave_of(phase)
    angles = {
        "trunk": RIGHT_ANGLE + pitch,
        "neck": 2.2 + 0.6 * pitch,
        "head": 1.4 + 0.5 * pitch,
        "ear": -0.4 - height,
        "tail": -1.6 - pitch,
        "air": 0.75 * amplitude * height**1.5,
    }
    for side, offset in (("near", 0.0), ("far", 0.12)):
        angles[f"{side}_fore_leg"] = 0.7 * height + offset
        angles[f"{side}_fore_paw"] = -0.9 * height
        angles[f"{side}_hind_leg"] = -0.9 * height + offset
        angles[f"{side}_hind_paw"] = -0.2 + 0.3 * height
    return angles


def _bird_perched(phase: float, amplitude: float) -> Angles:
    return {
        "trunk": 2.05,
        "head": 1.6 + 0.25 * amplitude * _wave_of(phase),
        "tail": np.pi - 0.15,
        "near_wing": -1.05,
        "far_wing": -1.1,
    }


def _bird_fly(phase: float, amplitude: float) -> Angles:
    flap = amplitude * _wave_of(phase)
    return {
        "trunk": RIGHT_ANGLE + 0.15,
        "head": 1.5,
        "tail": np.pi,
        "near_wing": UP - 0.35 + 1.5 * min(flap, 0.3) + 0.9 * flap,
        "far_wing": UP + 0.25 + 1.5 * min(flap, 0.3) + 0.9 * flap,
        "leg": -1.2,
        "air": 1.0 + 0.25 * _wave_of(phase / 5) - 0.06 * flap,
    }


def _car_rolling(phase: float, amplitude: float) -> Angles:
    shake = 0.015 * amplitude * _wave_of(3.3 * phase)
    turn = -2 * np.pi * phase
    return {"chassis": shake, "hind_wheel": turn, "fore_wheel": turn}


def _car_parked(phase: float, amplitude: float) -> Angles:
    return {}


def _ball_lying(phase: float, amplitude: float) -> Angles:
    return {"ball": 0.2 * amplitude * _wave_of(phase)}


def _ball_bounce(phase: float, amplitude: float) -> Angles:
    cycle = phase % 1.0
    contact = max(0.0, 1 - min(cycle, 1 - cycle) / 0.08)
    return {
        "ball": -2 * np.pi * phase * 0.6,
        "air": 3.2 * amplitude * 4 * cycle * (1 - cycle),
        "squash": 0.3 * contact,
    }


# What videos are labelled with, in the order of the labels.
ACTIONS: dict[str, Motion] = {
    "walk": Motion("person", _walk, 1.1, 0.5, usual=True),
    "run": Motion("person", _run, 0.7, 1.25),
    "squat": Motion("person", _squat, 2.0),
    "wave": Motion("person", _wave, 0.8),
    "kick": Motion("person", _kick, 1.3),
    "crawl": Motion("person", _crawl, 1.2, 0.35),
    "roll": Motion("person", _roll, 1.3, 0.75),
    "cartwheel": Motion("person", _cartwheel, 1.5, 0.9),
    "jumping_jack": Motion("person", _jumping_jack, 1.0),
    "throw": Motion("person", _throw, 1.5),
    "dog_run": Motion("dog", _dog_run, 0.6, 1.7),
    "dog_jump": Motion("dog", _dog_jump, 0.9, 0.8),
    "bird_fly": Motion("bird", _bird_fly, 0.5, 1.6),
    "car_drive": Motion("car", _car_rolling, 0.8, 1.2, usual=True),
    "ball_bounce": Motion("sports ball", _ball_bounce, 0.9, 1.5, usual=True),
}
# What those do that do not act.
PASTIMES: dict[str, tuple[Motion, ...]] = {
    "person": (
        Motion("person", _standing, 2.5, usual=True),
        Motion("person", _talk, 1.3, usual=True),
        Motion("person", _hands_on_hips, 3.0, usual=True),
    ),
    "dog": (Motion("dog", _dog_standing, 0.5, usual=True), Motion("dog", _dog_sitting, 0.5, usual=True)),
    "bird": (Motion("bird", _bird_perched, 1.5, usual=True),),
    "car": (Motion("car", _car_parked, 1.0, usual=True),),
    "sports ball": (Motion("sports ball", _ball_lying, 2.0, usual=True),),
}


def usual_motions(actor: str) -> tuple[Motion, ...]:
    """What still images show of a category: pastimes, and the actions whose poses are usual."""
    return PASTIMES[actor] + tuple(motion for motion in ACTIONS.values() if motion.actor == actor and motion.usual)

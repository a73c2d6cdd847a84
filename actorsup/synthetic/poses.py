"""Poses of people, dogs, birds, cars and balls by the phase of a motion, in cycles, and its amplitude.

Angles of joints are in radians, 0 downwards, positive forwards (see ``bodies``). Arms and head of people turn with the
torso, legs do not.
"""

import numpy as np

Angles = dict[str, float]
UP = np.pi
RIGHT_ANGLE = np.pi / 2


def wave_of(phase: float, offset: float = 0.0) -> float:
    """A sine of the phase, in cycles, and of an offset."""
    return float(np.sin(2 * np.pi * (phase + offset)))


def pulse(phase: float) -> float:
    """0 at the ends of a cycle and 1 in its middle, smoothly."""
    return (1 - float(np.cos(2 * np.pi * phase))) / 2


def standing(phase: float, amplitude: float) -> Angles:
    """Upright, swaying a little."""
    sway = 0.03 * amplitude * wave_of(phase)
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


def talk(phase: float, amplitude: float) -> Angles:
    """Standing, the forearms gesture."""
    gesture = amplitude * wave_of(phase)
    arms = {
        "near_arm": UP + 0.3 + 0.15 * gesture,
        "near_forearm": 1.2 + 0.35 * gesture,
        "far_arm": UP + 0.2,
        "far_forearm": 0.9 - 0.3 * amplitude * wave_of(phase, 0.3),
    }
    return {**standing(phase, amplitude), **arms, "head": 0.08 * gesture}


def hands_on_hips(phase: float, amplitude: float) -> Angles:
    """Standing, the head nods."""
    arms = {"near_arm": UP + 0.75, "near_forearm": -1.6, "far_arm": UP - 0.75, "far_forearm": 1.6}
    return {**standing(phase, amplitude), **arms, "head": 0.1 * amplitude * wave_of(phase)}


def walk(phase: float, amplitude: float) -> Angles:
    """Legs and arms swing against each other."""
    swing = 0.45 * amplitude
    return {
        "torso": UP - 0.05,
        "near_thigh": swing * wave_of(phase),
        "far_thigh": -swing * wave_of(phase),
        "near_shin": -0.75 * amplitude * max(wave_of(phase, 0.22), 0),
        "far_shin": -0.75 * amplitude * max(wave_of(phase, 0.72), 0),
        "near_foot": 1.3,
        "far_foot": 1.3,
        "near_arm": UP - 0.4 * amplitude * wave_of(phase),
        "far_arm": UP + 0.4 * amplitude * wave_of(phase),
        "near_forearm": 0.25,
        "far_forearm": 0.25,
    }


def run(phase: float, amplitude: float) -> Angles:
    """Leaning forwards, long strides, arms bent; both feet leave the ground."""
    swing = 0.85 * amplitude
    return {
        "torso": UP - 0.28,
        "near_thigh": 0.2 + swing * wave_of(phase),
        "far_thigh": 0.2 - swing * wave_of(phase),
        "near_shin": -0.4 - 1.3 * amplitude * max(wave_of(phase, 0.3), 0),
        "far_shin": -0.4 - 1.3 * amplitude * max(wave_of(phase, 0.8), 0),
        "near_foot": 1.1,
        "far_foot": 1.1,
        "near_arm": UP - 0.9 * amplitude * wave_of(phase),
        "far_arm": UP + 0.9 * amplitude * wave_of(phase),
        "near_forearm": 1.5,
        "far_forearm": 1.5,
        "air": 0.05 * abs(wave_of(phase)),
    }


def squat(phase: float, amplitude: float) -> Angles:
    """Down on bent legs with arms stretched forwards, and up again."""
    depth = min(amplitude, 1.1) * pulse(phase)
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


def wave(phase: float, amplitude: float) -> Angles:
    """Standing, one raised forearm swings."""
    arm = {"near_arm": UP + 2.5, "near_forearm": 0.35 + 0.75 * amplitude * wave_of(phase)}
    return {**standing(phase, 1.0), **arm}


def kick(phase: float, amplitude: float) -> Angles:
    """One leg swings back, then forwards and up."""
    swing = -0.5 * max(wave_of(phase), 0) + 1.75 * amplitude * max(wave_of(phase, 0.5), 0) ** 1.5
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


def crawl(phase: float, amplitude: float) -> Angles:
    """On hands and knees."""
    step = 0.4 * amplitude * wave_of(phase)
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


def roll(phase: float, amplitude: float) -> Angles:
    """Tucked up, turning over forwards."""
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


def cartwheel(phase: float, amplitude: float) -> Angles:
    """Limbs spread, turning over sideways."""
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


def jumping_jack(phase: float, amplitude: float) -> Angles:
    """Jumps that spread arms and legs and close them again."""
    open_ = amplitude * pulse(phase)
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
        "air": 0.09 * abs(wave_of(phase)),
    }


def throw(phase: float, amplitude: float) -> Angles:
    """One arm winds up behind the head, then whips forwards."""
    cycle = phase % 1.0
    wound = pulse(min(cycle / 0.7, 1.0) / 2) if cycle < 0.7 else pulse(0.5 + (cycle - 0.7) / 0.6)
    thrown = pulse((cycle - 0.6) / 0.4) if cycle > 0.6 else 0.0
    return {
        **standing(phase, 0.0),
        "torso": UP + 0.3 * wound * amplitude - 0.35 * thrown,
        "near_arm": UP - 2.4 * wound * amplitude + 1.6 * thrown,
        "near_forearm": 1.5 * wound,
        "far_arm": UP + 1.3 * wound,
        "far_thigh": 0.1 + 0.4 * wound,
        "far_shin": -0.4 * wound,
        "near_thigh": -0.1 - 0.3 * thrown,
    }


def dog_standing(phase: float, amplitude: float) -> Angles:
    """On four legs, the tail wags."""
    return {
        "trunk": RIGHT_ANGLE,
        "neck": 2.3,
        "head": 1.35 + 0.1 * amplitude * wave_of(phase / 3),
        "ear": -0.4,
        "tail": -2.2 + 0.4 * amplitude * wave_of(phase),
        "near_fore_paw": -0.05,
        "near_hind_leg": 0.15,
        "near_hind_paw": -0.3,
        "far_hind_leg": 0.1,
        "far_hind_paw": -0.3,
    }


def dog_sitting(phase: float, amplitude: float) -> Angles:
    """On its hind legs, the tail wags."""
    sitting = {
        "trunk": 2.3,
        "neck": 2.7,
        "near_hind_leg": 1.5,
        "near_hind_paw": -1.6,
        "far_hind_leg": 1.4,
        "far_hind_paw": -1.6,
        "tail": -1.0 + 0.3 * amplitude * wave_of(phase),
    }
    return {**dog_standing(phase, amplitude), **sitting}


def dog_run(phase: float, amplitude: float) -> Angles:
    """A gallop."""
    angles = {
        "trunk": RIGHT_ANGLE + 0.15 * wave_of(phase),
        "neck": 1.9 + 0.15 * wave_of(phase, 0.2),
        "head": 1.45,
        "ear": -1.0,
        "tail": -1.7 + 0.3 * wave_of(phase),
        "air": 0.08 * max(wave_of(phase, 0.1), 0),
    }
    for name, offset in (("near_fore", 0.0), ("far_fore", 0.1), ("near_hind", 0.45), ("far_hind", 0.55)):
        angles[f"{name}_leg"] = 0.9 * amplitude * wave_of(phase, offset)
        angles[f"{name}_paw"] = -0.2 - 0.8 * amplitude * max(wave_of(phase, offset + 0.3), 0)
    return angles


def dog_jump(phase: float, amplitude: float) -> Angles:
    """Leaps, the nose up and then down."""
    height = pulse(phase)
    pitch = 0.65 * amplitude * wave_of(phase)
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


def bird_perched(phase: float, amplitude: float) -> Angles:
    """Wings folded, the head bobs."""
    return {
        "trunk": 2.05,
        "head": 1.6 + 0.25 * amplitude * wave_of(phase),
        "tail": np.pi - 0.15,
        "near_wing": -1.05,
        "far_wing": -1.1,
    }


def bird_fly(phase: float, amplitude: float) -> Angles:
    """Over the ground, the wings flap."""
    flap = amplitude * wave_of(phase)
    return {
        "trunk": RIGHT_ANGLE + 0.15,
        "head": 1.5,
        "tail": np.pi,
        "near_wing": UP - 0.35 + 1.5 * min(flap, 0.3) + 0.9 * flap,
        "far_wing": UP + 0.25 + 1.5 * min(flap, 0.3) + 0.9 * flap,
        "leg": -1.2,
        "air": 1.0 + 0.25 * wave_of(phase / 5) - 0.06 * flap,
    }


def car_rolling(phase: float, amplitude: float) -> Angles:
    """The wheels turn, the body shakes a little."""
    shake = 0.015 * amplitude * wave_of(3.3 * phase)
    turn = -2 * np.pi * phase
    return {"chassis": shake, "hind_wheel": turn, "fore_wheel": turn}


def car_parked(phase: float, amplitude: float) -> Angles:
    """At rest."""
    return {}


def ball_lying(phase: float, amplitude: float) -> Angles:
    """On the ground, rocking a little."""
    return {"ball": 0.2 * amplitude * wave_of(phase)}


def ball_bounce(phase: float, amplitude: float) -> Angles:
    """From the ground into the air and back, turning; flattened where it hits."""
    cycle = phase % 1.0
    contact = max(0.0, 1 - min(cycle, 1 - cycle) / 0.08)
    return {
        "ball": -2 * np.pi * phase * 0.6,
        "air": 3.2 * amplitude * 4 * cycle * (1 - cycle),
        "squash": 0.3 * contact,
    }

"""Poses of dogs, birds, cars and balls by the phase of a motion, in cycles, and its amplitude."""

import numpy as np

from .motion import RIGHT_ANGLE, UP, Angles, pulse, wave_of


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

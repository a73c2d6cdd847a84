"""Poses of people by the phase of a motion, in cycles, and its amplitude.

Arms and head turn with the torso, legs do not.
"""

import numpy as np

from .motion import UP, Angles, pulse, wave_of


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

"""Poses of people, dogs, birds, cars and balls by the phase of a motion, in cycles, and its amplitude.

Angles are in radians, 0 downwards, positive forwards; ``air`` is the height of the lowest point over the ground, in
units of the body.
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


def pose(**angles: float | tuple[float, float]) -> Angles:
    """Angles of bones; two of those that come in pairs, the near one's first."""
    named = {}
    for name, angle in angles.items():
        named |= {f"near_{name}": angle[0], f"far_{name}": angle[1]} if isinstance(angle, tuple) else {name: angle}
    return named


def standing(phase: float, amplitude: float) -> Angles:
    """Upright, swaying a little."""
    sway = 0.03 * amplitude * wave_of(phase)
    arms = (UP + 0.12 + sway, UP - 0.12 + sway)
    return pose(torso=UP + sway, thigh=(0.07, -0.07), foot=(1.3, 1.3), arm=arms, forearm=(0.15, 0.15))


def talk(phase: float, amplitude: float) -> Angles:
    """Standing, the forearms gesture."""
    gesture = amplitude * wave_of(phase)
    forearms = (1.2 + 0.35 * gesture, 0.9 - 0.3 * amplitude * wave_of(phase, 0.3))
    arms = pose(arm=(UP + 0.3 + 0.15 * gesture, UP + 0.2), forearm=forearms)
    return standing(phase, amplitude) | arms | {"head": 0.08 * gesture}


def hands_on_hips(phase: float, amplitude: float) -> Angles:
    """Standing, the head nods."""
    head = 0.1 * amplitude * wave_of(phase)
    return standing(phase, amplitude) | pose(head=head, arm=(UP + 0.75, UP - 0.75), forearm=(-1.6, 1.6))


def walk(phase: float, amplitude: float) -> Angles:
    """Legs and arms swing against each other."""
    leg, arm = 0.45 * amplitude * wave_of(phase), 0.4 * amplitude * wave_of(phase)
    arms, shins = (UP - arm, UP + arm), tuple(-0.75 * amplitude * max(wave_of(phase, at), 0) for at in (0.22, 0.72))
    return pose(torso=UP - 0.05, thigh=(leg, -leg), shin=shins, foot=(1.3, 1.3), arm=arms, forearm=(0.25, 0.25))


def run(phase: float, amplitude: float) -> Angles:
    """Leaning forwards, long strides, arms bent; both feet leave the ground."""
    swing, arm = 0.85 * amplitude * wave_of(phase), 0.9 * amplitude * wave_of(phase)
    shins = tuple(-0.4 - 1.3 * amplitude * max(wave_of(phase, at), 0) for at in (0.3, 0.8))
    legs = pose(thigh=(0.2 + swing, 0.2 - swing), shin=shins, foot=(1.1, 1.1))
    return legs | pose(torso=UP - 0.28, air=0.05 * abs(wave_of(phase)), arm=(UP - arm, UP + arm), forearm=(1.5, 1.5))


def squat(phase: float, amplitude: float) -> Angles:
    """Down on bent legs with arms stretched forwards, and up again."""
    depth = min(amplitude, 1.1) * pulse(phase)
    thighs, foot = (1.75 * depth + 0.05, 1.7 * depth - 0.05), 1.35 + 0.6 * depth
    legs = pose(thigh=thighs, shin=(-2.35 * depth, -2.3 * depth), foot=(foot, foot))
    arms = pose(arm=(UP + 1.1 * depth, UP + 1.0 * depth), forearm=(0.15, 0.15))
    return legs | arms | pose(torso=UP - 0.75 * depth, head=-0.3 * depth)


def wave(phase: float, amplitude: float) -> Angles:
    """Standing, one raised forearm swings."""
    return standing(phase, 1.0) | {"near_arm": UP + 2.5, "near_forearm": 0.35 + 0.75 * amplitude * wave_of(phase)}


def kick(phase: float, amplitude: float) -> Angles:
    """One leg swings back, then forwards and up."""
    swing = -0.5 * max(wave_of(phase), 0) + 1.75 * amplitude * max(wave_of(phase, 0.5), 0) ** 1.5
    legs = pose(thigh=(swing, 0.1), shin=(-0.9 * max(-swing, 0), -0.2), foot=(1.0, 1.3))
    arms = pose(arm=(UP - 0.6 * swing, UP + 0.7 * swing), forearm=(0.6, 0.6))
    return legs | arms | pose(torso=UP + 0.22 * max(swing, 0))


def crawl(phase: float, amplitude: float) -> Angles:
    """On hands and knees."""
    step = 0.4 * amplitude * wave_of(phase)
    legs = pose(thigh=(0.15 + step, 0.15 - step), shin=(-1.65 - 0.3 * step, -1.65 + 0.3 * step), foot=(0.2, 0.2))
    arms = pose(arm=(UP + 1.4 - step, UP + 1.4 + step), forearm=(0.05, 0.05))
    return legs | arms | pose(torso=UP - 1.45, head=0.7)


def roll(phase: float, amplitude: float) -> Angles:
    """Tucked up, turning over forwards."""
    tuck = 0.9 + 0.1 * amplitude
    legs = pose(thigh=(2.0 * tuck, 1.9 * tuck), shin=(-2.4 * tuck, -2.3 * tuck), foot=(0.9, 0.9))
    arms = pose(arm=(UP + 1.2, UP + 1.1), forearm=(0.9, 0.9))
    return legs | arms | pose(torso=UP - 0.75 * tuck, head=-0.9, turn=2 * np.pi * phase)


def cartwheel(phase: float, amplitude: float) -> Angles:
    """Limbs spread, turning over sideways."""
    spread, reach = 0.55 * amplitude, 0.5 * amplitude
    arms = (UP + UP - reach, UP - UP + reach)
    return pose(torso=UP, turn=2 * np.pi * phase, thigh=(spread, -spread), arm=arms, foot=(0.4, -0.4))


def jumping_jack(phase: float, amplitude: float) -> Angles:
    """Jumps that spread arms and legs and close them again."""
    open_ = amplitude * pulse(phase)
    legs = pose(thigh=(0.06 + 0.5 * open_, -0.06 - 0.5 * open_), foot=(0.7, -0.7))
    arms = pose(arm=(UP + 0.15 + 2.5 * open_, UP - 0.15 - 2.5 * open_), forearm=(0.1, -0.1))
    return legs | arms | pose(torso=UP, air=0.09 * abs(wave_of(phase)))


def throw(phase: float, amplitude: float) -> Angles:
    """One arm winds up behind the head, then whips forwards."""
    cycle = phase % 1.0
    wound = pulse(min(cycle / 0.7, 1.0) / 2) if cycle < 0.7 else pulse(0.5 + (cycle - 0.7) / 0.6)
    thrown = pulse((cycle - 0.6) / 0.4) if cycle > 0.6 else 0.0
    legs = pose(thigh=(-0.1 - 0.3 * thrown, 0.1 + 0.4 * wound), far_shin=-0.4 * wound)
    arms = pose(arm=(UP - 2.4 * wound * amplitude + 1.6 * thrown, UP + 1.3 * wound), near_forearm=1.5 * wound)
    return standing(phase, 0.0) | legs | arms | pose(torso=UP + 0.3 * wound * amplitude - 0.35 * thrown)


def dog_standing(phase: float, amplitude: float) -> Angles:
    """On four legs, the tail wags."""
    head, tail = 1.35 + 0.1 * amplitude * wave_of(phase / 3), -2.2 + 0.4 * amplitude * wave_of(phase)
    legs = pose(hind_leg=(0.15, 0.1), hind_paw=(-0.3, -0.3), near_fore_paw=-0.05)
    return legs | pose(trunk=RIGHT_ANGLE, neck=2.3, head=head, ear=-0.4, tail=tail)


def dog_sitting(phase: float, amplitude: float) -> Angles:
    """On its hind legs, the tail wags."""
    sitting = pose(trunk=2.3, neck=2.7, hind_leg=(1.5, 1.4), hind_paw=(-1.6, -1.6))
    return dog_standing(phase, amplitude) | sitting | {"tail": -1.0 + 0.3 * amplitude * wave_of(phase)}


def dog_run(phase: float, amplitude: float) -> Angles:
    """A gallop."""
    trunk, neck = RIGHT_ANGLE + 0.15 * wave_of(phase), 1.9 + 0.15 * wave_of(phase, 0.2)
    tail, air = -1.7 + 0.3 * wave_of(phase), 0.08 * max(wave_of(phase, 0.1), 0)
    angles = pose(trunk=trunk, neck=neck, head=1.45, ear=-1.0, tail=tail, air=air)
    for leg, at in (("near_fore", 0.0), ("far_fore", 0.1), ("near_hind", 0.45), ("far_hind", 0.55)):
        angles[f"{leg}_leg"] = 0.9 * amplitude * wave_of(phase, at)
        angles[f"{leg}_paw"] = -0.2 - 0.8 * amplitude * max(wave_of(phase, at + 0.3), 0)
    return angles


def dog_jump(phase: float, amplitude: float) -> Angles:
    """Leaps, the nose up and then down."""
    height = pulse(phase)
    pitch = 0.65 * amplitude * wave_of(phase)
    fore, hind, paw = 0.7 * height, -0.9 * height, -0.2 + 0.3 * height
    legs = pose(fore_leg=(fore, fore + 0.12), fore_paw=(hind, hind), hind_leg=(hind, hind + 0.12), hind_paw=(paw, paw))
    body = pose(trunk=RIGHT_ANGLE + pitch, neck=2.2 + 0.6 * pitch, head=1.4 + 0.5 * pitch, tail=-1.6 - pitch)
    return legs | body | pose(ear=-0.4 - height, air=0.75 * amplitude * height**1.5)


def bird_perched(phase: float, amplitude: float) -> Angles:
    """Wings folded, the head bobs."""
    head = 1.6 + 0.25 * amplitude * wave_of(phase)
    return pose(wing=(-1.05, -1.1), trunk=2.05, head=head, tail=np.pi - 0.15)


def bird_fly(phase: float, amplitude: float) -> Angles:
    """Over the ground, the wings flap."""
    flap = amplitude * wave_of(phase)
    wings = tuple(start + 1.5 * min(flap, 0.3) + 0.9 * flap for start in (UP - 0.35, UP + 0.25))
    air = 1.0 + 0.25 * wave_of(phase / 5) - 0.06 * flap
    return pose(wing=wings, trunk=RIGHT_ANGLE + 0.15, head=1.5, tail=np.pi, leg=-1.2, air=air)


def car_rolling(phase: float, amplitude: float) -> Angles:
    """The wheels turn, the body shakes a little."""
    turn = -2 * np.pi * phase
    return {"chassis": 0.015 * amplitude * wave_of(3.3 * phase), "hind_wheel": turn, "fore_wheel": turn}


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
    air = 3.2 * amplitude * 4 * cycle * (1 - cycle)
    return {"ball": -2 * np.pi * phase * 0.6, "air": air, "squash": 0.3 * contact}

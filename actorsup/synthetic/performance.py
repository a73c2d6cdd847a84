"""How a body moves through an action."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from actorsup.synthetic import poses

from .bodies import Body, PlacedBone, pose_body
from .drawing import points
from .poses import Angles


@dataclass(frozen=True)
class Motion:
    """One way to move."""

    actor: str  # the category that moves so
    pose: Callable[[float, float], Angles]  # by the phase in cycles, which goes on growing, and an amplitude near 1
    period: float  # seconds a cycle
    speed: float = 0.0  # forwards, in units of the body a second
    usual: bool = False  # whether still images usually show it; a detector has seen such poses alone


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
    actor: tuple(Motion(actor, pose, period, usual=True) for pose, period in pastimes)
    for actor, pastimes in {
        "person": [(poses.standing, 2.5), (poses.talk, 1.3), (poses.hands_on_hips, 3.0)],
        "dog": [(poses.dog_standing, 0.5), (poses.dog_sitting, 0.5)],
        "bird": [(poses.bird_perched, 1.5)],
        "car": [(poses.car_parked, 1.0)],
        "sports ball": [(poses.ball_lying, 2.0)],
    }.items()
}


def motions_of(actor: str, usual: bool = False) -> tuple[Motion, ...]:
    """What a category does: pastimes, and its actions; all, or those that still images usually show."""
    motions = PASTIMES[actor] + tuple(motion for motion in ACTIONS.values() if motion.actor == actor)
    return tuple(motion for motion in motions if motion.usual or not usual)


def blend(first: Mapping[str, float], second: Mapping[str, float], share: float) -> Angles:
    """A pose between two: ``share`` 0 is the first, 1 the second. The whole body turns the short way."""
    names = first.keys() | second.keys()
    mixed = {name: (1 - share) * first.get(name, 0.0) + share * second.get(name, 0.0) for name in names}
    if "turn" in names:
        start, end = first.get("turn", 0.0), second.get("turn", 0.0)
        mixed["turn"] = start + share * ((end - start + np.pi) % (2 * np.pi) - np.pi)
    return mixed


_BLENDED_FRAMES = 5  # from one motion to the next


@dataclass(frozen=True)
class Stretch:
    """One motion from a frame on."""

    motion: Motion
    start: int  # its first frame
    tempo: float  # factor of the motion's usual tempo and speed
    amplitude: float  # factor of its swings
    phase: float  # at the first frame, in cycles


@dataclass(frozen=True)
class Puppet:
    """A body on the stage; places are in pixels of the scene."""

    body: Body
    stretches: tuple[Stretch, ...]  # what it does, the first from frame 0 on
    scale: float  # pixels a unit of the body
    ground: float  # y of the ground that it stands on
    x: float  # where its root is in frame 0
    direction: int  # 1 if it faces right in frame 0, -1 left
    limits: tuple[float, float]  # it turns round at these x


@dataclass(frozen=True)
class Appearance:
    """A puppet in one frame, in pixels of the scene."""

    bones: list[PlacedBone]  # in the order in which they are painted, in units of the body
    scale: tuple[float, float]  # pixels a unit, (x, y); x is negative where it faces left
    place: complex  # where the body's root is

    def outline_of(self, bone: PlacedBone) -> np.ndarray:
        """Corners ``(K, 2)`` of a bone."""
        return points(bone.outline) * self.scale + (self.place.real, self.place.imag)

    def to_scene(self, bone: PlacedBone) -> np.ndarray:
        """The map ``(2, 3)`` from a bone's own coordinates."""
        return bone.matrix * np.array(self.scale)[:, None] + [[0, 0, self.place.real], [0, 0, self.place.imag]]

    def box(self) -> np.ndarray:
        """``(x1, y1, x2, y2)`` around the whole body, hidden parts included."""
        corners = np.concatenate([self.outline_of(bone) for bone in self.bones])
        return np.concatenate([corners.min(axis=0), corners.max(axis=0)])


def perform(puppet: Puppet, num_frames: int, fps: float) -> list[Appearance]:
    """How a puppet looks in every frame."""
    x, direction = puppet.x, puppet.direction
    appearances = []
    for frame in range(num_frames):
        *before, stretch = [stretch for stretch in puppet.stretches if stretch.start <= frame]
        angles = _angles(stretch, frame, fps)
        since = frame - stretch.start
        if before and since < _BLENDED_FRAMES:
            angles = blend(_angles(before[-1], frame, fps), angles, (since + 1) / (_BLENDED_FRAMES + 1))
        bones = pose_body(puppet.body, angles)
        lowest = max(bone.outline.imag.max() for bone in bones)
        height = puppet.ground - (lowest + angles.get("air", 0.0)) * puppet.scale
        appearances.append(Appearance(bones, (direction * puppet.scale, puppet.scale), complex(x, height)))
        x += direction * stretch.motion.speed * stretch.tempo * puppet.scale / fps
        if not puppet.limits[0] <= x <= puppet.limits[1]:
            x = float(np.clip(x, *puppet.limits))
            direction = -direction
    return appearances


def _angles(stretch: Stretch, frame: int, fps: float) -> Angles:
    phase = stretch.phase + (frame - stretch.start) / fps * stretch.tempo / stretch.motion.period
    return stretch.motion.pose(phase, stretch.amplitude)

"""A puppet over time: where it is, what it does, and how it looks in every frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .bodies import Body, pose_body
from .motions import Angles, Motion, blend
from .skeleton import PlacedBone

_BLENDED_FRAMES = 5  # from one motion to the next


@dataclass(frozen=True)
class Stretch:
    """One motion from a frame on.

    Args:
        motion: what is done.
        start: its first frame.
        tempo: factor of the motion's usual tempo and speed.
        amplitude: factor of its swings.
        phase: at the first frame, in cycles.
    """

    motion: Motion
    start: int
    tempo: float
    amplitude: float
    phase: float


@dataclass(frozen=True)
class Puppet:
    """A body on the stage.

    Args:
        body: who it is.
        stretches: what it does, the first from frame 0 on.
        scale: pixels of the scene a unit of the body.
        ground: y of the ground that it stands on, in pixels of the scene.
        x: where its root is in frame 0.
        direction: 1 if it faces right in frame 0, -1 left.
        limits: it turns round at these x.
    """

    body: Body
    stretches: tuple[Stretch, ...]
    scale: float
    ground: float
    x: float
    direction: int
    limits: tuple[float, float]


@dataclass(frozen=True)
class Appearance:
    """A puppet in one frame, in pixels of the scene.

    Args:
        bones: in the order in which they are painted, in units of the body.
        scale: pixels a unit, ``(x, y)``; x is negative where it faces left.
        place: where the body's root is.
    """

    bones: list[PlacedBone]
    scale: tuple[float, float]
    place: complex

    def outline_of(self, bone: PlacedBone) -> np.ndarray:
        """Corners ``(K, 2)`` of a bone."""
        return np.stack(
            [
                bone.outline.real * self.scale[0] + self.place.real,
                bone.outline.imag * self.scale[1] + self.place.imag,
            ],
            axis=1,
        )

    def box(self) -> np.ndarray:
        """``(x1, y1, x2, y2)`` around the whole body, hidden parts included."""
        corners = np.concatenate([self.outline_of(bone) for bone in self.bones])
        return np.concatenate([corners.min(axis=0), corners.max(axis=0)])


def perform(puppet: Puppet, num_frames: int, fps: float) -> list[Appearance]:
    """How a puppet looks in every frame."""
    x, direction = puppet.x, puppet.direction
    appearances = []
    for frame in range(num_frames):
        current = _current(puppet.stretches, frame)
        stretch = puppet.stretches[current]
        angles = _angles(stretch, frame, fps)
        since = frame - stretch.start
        if current and since < _BLENDED_FRAMES:
            before = _angles(puppet.stretches[current - 1], frame, fps)
            angles = blend(before, angles, (since + 1) / (_BLENDED_FRAMES + 1))
        bones = pose_body(puppet.body, angles)
        lowest = max(bone.outline.imag.max() for bone in bones)
        height = puppet.ground - (lowest + angles.get("air", 0.0)) * puppet.scale
        appearances.append(Appearance(bones, (direction * puppet.scale, puppet.scale), complex(x, height)))
        x += direction * stretch.motion.speed * stretch.tempo * puppet.scale / fps
        if not puppet.limits[0] <= x <= puppet.limits[1]:
            x = float(np.clip(x, *puppet.limits))
            direction = -direction
    return appearances


def _current(stretches: Sequence[Stretch], frame: int) -> int:
    return max(index for index, stretch in enumerate(stretches) if stretch.start <= frame)


def _angles(stretch: Stretch, frame: int, fps: float) -> Angles:
    phase = stretch.phase + (frame - stretch.start) / fps * stretch.tempo / stretch.motion.period
    return stretch.motion.pose(phase, stretch.amplitude)

"""What surrounds the puppets, in pixels from the middle of the frame, as a camera at rest sees it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from .drawing import Canvas, Thing, blob, chain, mapped, pick_tinted, points, polygon, rectangle, rotation
from .performance import Appearance

_FINER = 2  # scenes are painted with so many times the pixels of the frame, and averaged
_TEXTURES_A_UNIT = 1.2  # how often a body's texture is repeated over a unit of the body


@dataclass(frozen=True)
class Stage:
    """One place, and how it is filmed."""

    size: tuple[int, int]  # (width, height) of the frame
    horizon: float  # y where the ground begins
    behind: tuple[Thing, ...]  # painted before the puppets, from the back to the front
    before: tuple[Thing, ...]  # painted after them
    cameras: np.ndarray  # ``(T, 2, 3)``, from the scene to what the camera sees
    lights: np.ndarray  # ``(T, 2)``, gain and offset of the intensities
    shading: np.ndarray  # ``(H, W, 1)``, by how much light falls off over the frame
    grain: np.ndarray  # the sensor's noise, a field larger than the frame
    blur: float  # standard deviation of the lens's blur in pixels; 0 for none

    def paint(self, frame: int, puppets: Sequence[Appearance], textures: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
        """The picture ``(H, W, 3)`` uint8, RGB, before noise, of puppets from the farthest on, and their textures."""
        width, height = self.size
        canvas = Canvas(np.zeros((height * _FINER, width * _FINER, 3), np.uint8))
        camera = self.cameras[frame] * _FINER
        for thing in self.behind:
            thing.paint(canvas, camera)
        for puppet, of_body in zip(puppets, textures, strict=True):
            for bone in puppet.bones:
                outline, to_canvas = mapped(puppet.outline_of(bone), camera), chain(camera, puppet.to_scene(bone))
                canvas.paint_bone(outline, of_body[bone.material], to_canvas, _TEXTURES_A_UNIT)
        for thing in self.before:
            thing.paint(canvas, camera)
        picture = cv2.resize(canvas.pixels, self.size, interpolation=cv2.INTER_AREA)
        if self.blur:
            picture = cv2.GaussianBlur(picture, (0, 0), self.blur)
        gain, offset = self.lights[frame]
        return np.clip(picture * (gain * self.shading) + offset, 0, 255).astype(np.uint8)

    def add_noise(self, rng: Generator, picture: np.ndarray) -> np.ndarray:
        """The picture as the sensor gives it: another cut-out of ``grain`` each time."""
        height, width = picture.shape[:2]
        y, x = rng.integers(0, (self.grain.shape[0] - height, self.grain.shape[1] - width))
        return np.clip(picture + self.grain[y : y + height, x : x + width], 0, 255).astype(np.uint8)

    def box_in_frame(self, frame: int, puppet: Appearance) -> np.ndarray:
        """``(x1, y1, x2, y2)`` of a puppet in pixels of the frame, cut to it; hidden parts count."""
        box = mapped(puppet.box().reshape(2, 2), self.cameras[frame]) + np.array(self.size) / 2
        return np.clip(box.reshape(4), 0, np.tile(self.size, 2)).astype(np.float32)


def make_stage(
    rng: Generator,
    textures: list[np.ndarray],
    size: tuple[int, int],
    num_frames: int,
    camera_motion: float,
    occluder_share: float,
) -> Stage:
    """A random place; ``camera_motion`` and ``occluder_share`` are those of ``WorldSettings``."""
    width, height = size
    horizon = rng.uniform(-0.12, 0.05) * height
    wall = rectangle(3 * width, 3 * height) + 1j * (horizon - 1.5 * height)
    ground = rectangle(3 * width, 3 * height) + 1j * (horizon + 1.5 * height)
    behind = [_thing(rng, textures, wall), _thing(rng, textures, ground)]
    behind += [_clutter(rng, textures, size, horizon) for _ in range(rng.integers(3, 10))]
    num_occluders = rng.integers(1, 3) if rng.random() < occluder_share else 0
    before = tuple(_occluder(rng, textures, size) for _ in range(num_occluders))
    cameras = _cameras(rng, num_frames, camera_motion * width)
    drift = rng.uniform(0, 0.12) * _swing(rng, np.linspace(0, 1, num_frames), 0.3, 1.5)
    gain = rng.uniform(0.65, 1.15) * (1 + drift)
    lights = np.stack([gain, np.full(num_frames, rng.uniform(-12, 18))], axis=1)
    x, y = np.meshgrid(*(np.linspace(-1, 1, length, dtype=np.float32) for length in size))
    angle = rng.uniform(0, 2 * np.pi)
    shading = 1 + rng.uniform(0, 0.25) * (x * np.cos(angle) + y * np.sin(angle))
    return Stage(
        size,
        horizon,
        tuple(behind),
        before,
        cameras,
        lights,
        shading=shading[..., None].astype(np.float32),
        grain=rng.uniform(1, 6) * rng.standard_normal((2 * height, 2 * width, 1), dtype=np.float32),
        blur=rng.choice([0.0, rng.uniform(0.4, 0.9)]),
    )


def _thing(rng: Generator, textures: list[np.ndarray], outline: np.ndarray) -> Thing:
    texture = pick_tinted(rng, textures)
    zoom, turn = rng.uniform(0.3, 1.3), rng.uniform(0, 2 * np.pi)
    shift = rng.uniform(0, len(texture), 2)
    return Thing(points(outline), texture, np.column_stack([zoom * rotation(turn), shift]))


def _clutter(rng: Generator, textures: list[np.ndarray], size: tuple[int, int], horizon: float) -> Thing:
    """Something that stands on the ground near the horizon."""
    width, height = size
    tall = np.exp(rng.uniform(np.log(0.08), np.log(0.5))) * height
    shape = (blob(rng, 0.4), polygon(rng), rectangle(rng.uniform(0.3, 2), 2))[rng.integers(3)] * tall / 2
    foot = horizon + rng.uniform(-0.02, 0.15) * height
    return _thing(rng, textures, shape + complex(rng.uniform(-0.6, 0.6) * width, foot - shape.imag.max()))


def _occluder(rng: Generator, textures: list[np.ndarray], size: tuple[int, int]) -> Thing:
    """A post, a bush or a low wall in front of the puppets."""
    width, height = size
    x = rng.uniform(-0.5, 0.5) * width
    shape = (
        rectangle(rng.uniform(0.02, 0.06) * width, 1.3 * height) + x,
        blob(rng, 0.4) * rng.uniform(0.08, 0.18) * height + complex(x, 0.42 * height),
        rectangle(rng.uniform(0.1, 0.4) * width, rng.uniform(0.1, 0.2) * height) + complex(x, 0.42 * height),
    )[rng.integers(3)]
    return _thing(rng, textures, shape)


def _cameras(rng: Generator, num_frames: int, reach: float) -> np.ndarray:
    """``(T, 2, 3)``: a pan and a zoom that come and go, and the hand that shakes."""
    time = np.linspace(0, 1, num_frames)
    pans = [rng.uniform(0.3, 1) * reach * _swing(rng, time, 0.3, 1) for _ in range(2)]
    shift = np.stack(pans, axis=1) * (1, 0.3)
    shake = np.cumsum(rng.normal(0, 1, (num_frames, 2)), axis=0)
    shake = np.pad(shake - shake.mean(axis=0), ((3, 3), (0, 0)), mode="edge")
    shake = np.stack([np.convolve(axis, np.ones(7) / 7, mode="valid") for axis in shake.T], axis=1)
    shift += shake * rng.choice([0.0, 0.12, 0.3])
    zoom = 1 + rng.uniform(0, 0.06) * _swing(rng, time, 0.2, 0.8)
    cameras = np.zeros((num_frames, 2, 3))
    cameras[:, 0, 0] = cameras[:, 1, 1] = zoom
    cameras[:, :, 2] = shift
    return cameras


def _swing(rng: Generator, time: np.ndarray, slowest: float, fastest: float) -> np.ndarray:
    """A sine of random phase; slowest and fastest are in cycles."""
    return np.sin(2 * np.pi * (rng.uniform(slowest, fastest) * time + rng.random()))

"""Skeletons of jointed bones, and the bodies of people, dogs, birds, cars and balls, no two alike.

Points are complex numbers, y pointing down. Angles are 0 downwards and grow towards the front, +x. A person who stands
upright is one unit tall.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from .drawing import blob, capsule, pick_tinted, rectangle


@dataclass(frozen=True)
class Bone:
    """A filled outline that hangs on another bone."""

    outline: np.ndarray  # ``(K,)`` complex, from its joint as origin; a limb points down, along +y
    parent: Hashable | None  # key of the bone that it hangs on; None for the root
    joint: complex = 0  # where on the parent, in the parent's coordinates
    material: int = 0  # which of the body's textures it shows
    layer: int = 0  # bones of higher layers hide those of lower ones
    follows: bool = True  # whether it turns with its parent; else only with the skeleton, its angle to the vertical


@dataclass(frozen=True)
class PlacedBone:
    """A bone in a pose: its ``outline``, and where its own point z is: ``origin + turn · z``."""

    outline: np.ndarray
    origin: complex
    turn: complex
    material: int

    @property
    def matrix(self) -> np.ndarray:
        """The map ``(2, 3)`` from its own coordinates."""
        turn, origin = self.turn, self.origin
        return np.array([[turn.real, -turn.imag, origin.real], [turn.imag, turn.real, origin.imag]])


def place_bones(
    bones: Mapping[Hashable, Bone], turns: Mapping[Hashable, complex], whole: complex = 1
) -> list[PlacedBone]:
    """Bones in the order in which they are painted, each turned by its ``exp(iφ)``, the skeleton by ``whole``."""
    placed: dict[Hashable, PlacedBone] = {}
    for key, bone in bones.items():
        parent = placed.get(bone.parent)
        origin = parent.origin + parent.turn * bone.joint if parent else 0j
        turn = (parent.turn if parent and bone.follows else whole) * turns[key]
        placed[key] = PlacedBone(origin + turn * bone.outline, origin, turn, bone.material)
    return [placed[key] for key in sorted(bones, key=lambda key: bones[key].layer)]


@dataclass(frozen=True)
class Body:
    """One individual."""

    actor: str  # its category, as COCO names it
    bones: Mapping[str, Bone]  # by name, parents first
    textures: tuple[np.ndarray, ...]  # by ``Bone.material``, each ``(S, S, 3)`` uint8, RGB
    height: float  # at rest, in pixels of the frame for an actor that stands in front


def pose_body(body: Body, angles: Mapping[str, float]) -> list[PlacedBone]:
    """Bones, in the order in which they are painted, by their angles in radians.

    ``turn`` among them turns the whole body forwards, ``squash`` is the share by which it is flattened.
    """
    # A direction of angle a is (sin a, cos a): i · exp(−i · a).
    turns = {name: np.exp(-1j * angles.get(name, 0.0)) for name in body.bones}
    placed = place_bones(body.bones, turns, whole=np.exp(1j * angles.get("turn", 0.0)))
    flat = 1 - angles.get("squash", 0.0)
    return [replace(bone, outline=bone.outline.real / np.sqrt(flat) + 1j * bone.outline.imag * flat) for bone in placed]


def make_body(rng: Generator, actor: str, textures: list[np.ndarray]) -> Body:
    """A random individual of a category of ``ACTORS``."""
    return _MAKERS[actor](rng, textures)


def _person(rng: Generator, textures: list[np.ndarray]) -> Body:
    girth, leg = rng.uniform(0.8, 1.35), rng.uniform(0.215, 0.25)
    torso, arm = rng.uniform(0.27, 0.32), rng.uniform(0.14, 0.17)
    shirt, trousers, skin, hair, shoes = range(5)
    sleeves = shirt if rng.random() < 0.6 else skin
    shorts = skin if rng.random() < 0.3 else trousers
    bones = {
        # The torso points up from the hip: its own angle is π at rest.
        "torso": Bone(capsule(torso, 0.085 * girth, 0.1 * girth), None, material=shirt, layer=3),
        "head": Bone(capsule(0.09, 0.045, rng.uniform(0.07, 0.085)), "torso", 1j * (torso + 0.04), skin, layer=4),
    }
    scalp = np.exp(1j * np.linspace(0.1 * np.pi, 0.9 * np.pi, 9)) * rng.uniform(0.085, 0.1)
    bones["hair"] = Bone(scalp, "head", 0.085j, hair, layer=5)
    upper_leg, shin = capsule(leg, 0.058 * girth, 0.046 * girth), capsule(leg, 0.044 * girth, 0.03 * girth)
    upper_arm, forearm = capsule(arm, 0.04 * girth, 0.034 * girth), capsule(arm * 1.05, 0.032 * girth, 0.024)
    for side, hip, leg_layer, arm_layer in (("far", -0.012, 0, -1), ("near", 0.012, 3, 6)):
        bones[f"{side}_thigh"] = Bone(upper_leg, "torso", hip, trousers, leg_layer, follows=False)
        bones[f"{side}_shin"] = Bone(shin, f"{side}_thigh", 1j * leg, shorts, leg_layer)
        bones[f"{side}_foot"] = Bone(capsule(0.075, 0.03, 0.022), f"{side}_shin", 1j * leg, shoes, leg_layer)
        bones[f"{side}_arm"] = Bone(upper_arm, "torso", 1j * (torso - 0.02), sleeves, arm_layer)
        bones[f"{side}_forearm"] = Bone(forearm, f"{side}_arm", 1j * arm, skin, arm_layer)
    clothes = [_cloth(rng, textures) for _ in range(2)]
    complexion = _grained(rng, np.array([225, 170, 135]) * rng.uniform(0.35, 1.1))
    hair_color = _grained(rng, np.array([200, 150, 90]) * rng.uniform(0.1, 1.1))
    materials = (*clothes, complexion, hair_color, _plain(rng, 20, 120))
    return Body("person", bones, materials, rng.uniform(62, 104))


def _dog(rng: Generator, textures: list[np.ndarray]) -> Body:
    length, girth, leg = rng.uniform(0.5, 0.75), rng.uniform(0.11, 0.17), rng.uniform(0.17, 0.28)
    coat, dark = 0, 1
    bones = {
        # The trunk points forwards from the hip: its own angle is π / 2 at rest, as is the head's.
        "trunk": Bone(capsule(length, girth * 0.85, girth), None, material=coat, layer=2),
        "neck": Bone(capsule(0.2, girth * 0.6, girth * 0.5), "trunk", 1j * length, coat, layer=3, follows=False),
        "head": Bone(capsule(0.2, girth * 0.68, girth * 0.32), "neck", 0.2j, coat, layer=4, follows=False),
        "ear": Bone(capsule(0.12, 0.05, 0.03), "head", -0.03 + 0.0j, dark, layer=5, follows=False),
        "tail": Bone(capsule(rng.uniform(0.15, 0.35), 0.04, 0.02), "trunk", 0j, dark, layer=1, follows=False),
    }
    upper, lower = capsule(leg, girth * 0.5, girth * 0.3), capsule(leg, girth * 0.3, girth * 0.22)
    for side, material, layer in (("far", dark, 0), ("near", coat, 3)):
        for end, joint in (("hind", 0.04j), ("fore", 1j * (length - 0.04))):
            name = f"{side}_{end}"
            bones[f"{name}_leg"] = Bone(upper, "trunk", joint, material, layer, follows=False)
            bones[f"{name}_paw"] = Bone(lower, f"{name}_leg", 1j * leg, material, layer)
    return Body("dog", bones, (pick_tinted(rng, textures), _plain(rng, 20, 150)), rng.uniform(52, 84))


def _bird(rng: Generator, textures: list[np.ndarray]) -> Body:
    length, girth = rng.uniform(0.45, 0.6), rng.uniform(0.13, 0.18)
    wing = rng.uniform(0.4, 0.6)
    feathers, beak, pinion = 0, 1, 2
    flap = np.array([-0.12, 0.16, 0.12 + 0.6j, 0.02 + 1j, -0.1 + 0.55j]) * wing
    bones = {
        "trunk": Bone(capsule(length, girth * 0.5, girth), None, material=feathers, layer=2),
        "head": Bone(capsule(0.1, girth * 0.7, girth * 0.6), "trunk", 1j * (length + 0.06), feathers, 3, follows=False),
        "beak": Bone(np.array([-0.04, 0.16j, 0.04]), "head", 0.12j, beak, layer=3),
        "tail": Bone(np.array([-0.03, 0.03, 0.1 + 0.26j, -0.1 + 0.26j]), "trunk", 0j, pinion, layer=1),
        "far_wing": Bone(flap, "trunk", 0.62j * length, pinion, layer=1, follows=False),
        "near_wing": Bone(flap, "trunk", 0.62j * length, pinion, layer=4, follows=False),
        "leg": Bone(capsule(0.1, 0.02, 0.02), "trunk", 0.3j * length, beak, layer=0, follows=False),
    }
    materials = (pick_tinted(rng, textures), _plain(rng, 120, 240), pick_tinted(rng, textures))
    return Body("bird", bones, materials, rng.uniform(44, 72))


def _car(rng: Generator, textures: list[np.ndarray]) -> Body:
    length, height = rng.uniform(1.5, 2.1), rng.uniform(0.3, 0.42)
    roof, wheel = rng.uniform(0.25, 0.36), rng.uniform(0.14, 0.18)
    start, end = rng.uniform(-0.85, -0.5), rng.uniform(0.3, 0.6)
    cabin = np.array([start, start + 0.2, end - 0.22, end]) * length / 2
    cabin = cabin - 1j * (height / 2 + np.array([0, roof, roof, 0]))
    paint, glass, tyre, rim = range(4)
    window = cabin.mean() + (cabin - cabin.mean()) * 0.78
    bones = {
        "chassis": Bone(rectangle(length, height), None, material=paint, layer=1),
        "cabin": Bone(cabin, "chassis", 0j, paint, layer=2),
        "window": Bone(window, "chassis", 0j, glass, layer=3),
        "stripe": Bone(rectangle(length * 0.96, 0.06), "chassis", 0.02j, rim, layer=3),
    }
    for name, place in (("hind", -0.32), ("fore", 0.32)):
        joint = place * length + 0.5j * height
        bones[f"{name}_wheel"] = Bone(np.exp(2j * np.pi * np.arange(16) / 16) * wheel, "chassis", joint, tyre, layer=4)
        bones[f"{name}_rim"] = Bone(rectangle(wheel * 1.3, wheel * 0.35), f"{name}_wheel", 0j, rim, layer=5)
    materials = (_cloth(rng, textures), _plain(rng, 90, 200), _plain(rng, 10, 60), _plain(rng, 120, 250))
    return Body("car", bones, materials, rng.uniform(40, 58))


def _sports_ball(rng: Generator, textures: list[np.ndarray]) -> Body:
    bones = {
        "ball": Bone(np.exp(2j * np.pi * np.arange(20) / 20) * 0.5, None, material=0, layer=0),
        "patch": Bone(blob(rng, 0.2, 12) * 0.22, "ball", 0.22 + 0j, 1, layer=1),
        "second_patch": Bone(blob(rng, 0.2, 12) * 0.16, "ball", -0.24 + 0.1j, 1, layer=1),
    }
    return Body("sports ball", bones, (pick_tinted(rng, textures), _plain(rng, 10, 250)), rng.uniform(16, 30))


def _cloth(rng: Generator, textures: list[np.ndarray]) -> np.ndarray:
    """A pattern, or one colour with some grain."""
    return pick_tinted(rng, textures) if rng.random() < 0.5 else _plain(rng, 15, 240)


def _plain(rng: Generator, darkest: float, lightest: float) -> np.ndarray:
    return _grained(rng, rng.uniform(darkest, lightest, 3))


def _grained(rng: Generator, color: np.ndarray) -> np.ndarray:
    return np.clip(color + rng.normal(0, 6, (32, 32, 1)), 0, 255).astype(np.uint8)


_MAKERS = {"person": _person, "dog": _dog, "bird": _bird, "car": _car, "sports ball": _sports_ball}
ACTORS = tuple(_MAKERS)

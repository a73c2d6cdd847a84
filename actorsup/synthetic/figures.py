"""Figures of pairs for trackers: anything with joints, in random poses."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .bodies import Bone, PlacedBone, place_bones
from .drawing import blob, capsule, polygon, rectangle


@dataclass(frozen=True)
class Part:
    """A bone of a figure, and how it differs from pose to pose.

    Args:
        bone: its parent is the index of another part.
        angle: rest angle to the parent in radians.
        swing: standard deviation of the angle between poses.
        flex: how far the outline itself changes between poses, as a share of its size.
    """

    bone: Bone
    angle: float = 0.0
    swing: float = 0.0
    flex: float = 0.0


Figure = tuple[Part, ...]


def make_figure(rng: np.random.Generator) -> Figure:
    """A figure of a random kind, a few units large, with two materials at most."""
    return _KINDS[rng.choice(len(_KINDS), p=_SHARES)](rng)


def pose_figure(rng: np.random.Generator, figure: Figure, strength: float) -> list[PlacedBone]:
    """The bones of a figure in a random pose, in the order in which they are painted.

    Args:
        rng: where chance comes from.
        figure: what is posed.
        strength: 1 swings each joint and bends each outline as much as it may; 0 is the rest pose.
    """
    swings = [strength * part.swing for part in figure] * rng.normal(0, 1, len(figure))
    turns = {index: np.exp(1j * (part.angle + swings[index])) for index, part in enumerate(figure)}
    bones = {index: _bent(rng, part, strength) if part.flex else part.bone for index, part in enumerate(figure)}
    return place_bones(bones, turns)


def _bent(rng: np.random.Generator, part: Part, strength: float) -> Bone:
    outline = part.bone.outline
    phases = np.linspace(0, 2 * np.pi, len(outline), endpoint=False)
    waves = np.exp(1j * np.outer([-2, -1, 1, 2], phases))
    amounts = rng.normal(0, 1, 4) + 1j * rng.normal(0, 1, 4)
    size = np.abs(outline).mean()
    return replace(part.bone, outline=outline + strength * part.flex * size * (amounts / 4) @ waves)


def _soft_body(rng: np.random.Generator) -> Figure:
    """A blob, stretched, with markings."""
    stretch = np.exp(rng.normal(0, 0.35))
    outline = blob(rng, rng.uniform(0, 0.5))
    body = Part(Bone(outline.real * stretch + 1j * outline.imag / stretch, None), flex=rng.uniform(0, 0.35))
    return (body, *_markings(rng))


def _rigid_body(rng: np.random.Generator) -> Figure:
    """A polygon or a box with smaller ones on it, as vehicles, signs and houses are."""
    outline = polygon(rng) if rng.random() < 0.5 else rectangle(rng.uniform(0.8, 2.4), rng.uniform(0.8, 2.4))
    return (Part(Bone(outline, None)), *_markings(rng))


def _markings(rng: np.random.Generator) -> list[Part]:
    shapes: list[Callable] = [lambda: blob(rng, 0.3, 12), lambda: polygon(rng), lambda: rectangle(1, rng.uniform(1, 3))]
    return [
        Part(
            Bone(
                shapes[rng.integers(3)]() * rng.uniform(0.12, 0.4),
                0,
                complex(*rng.uniform(-0.6, 0.6, 2)),
                material=1,
                layer=1,
            ),
            angle=rng.uniform(0, 6.3),
        )
        for _ in range(rng.integers(0, 4))
    ]


def _walker(rng: np.random.Generator) -> Figure:
    """An upright body with a head, two arms and two legs of two segments each."""
    width, girth = rng.uniform(0.22, 0.42), rng.uniform(0.8, 1.3)
    activity = rng.uniform(0.2, 1)
    torso = Part(Bone(capsule(1, width, width * rng.uniform(0.7, 1)), None, layer=2), rng.normal(0, 0.25), swing=0.15)
    skull = Bone(capsule(0.3, 0.12, 0.2 * girth), 0, -0.25j, material=1, layer=3)
    head = Part(skull, np.pi + rng.normal(0, 0.2), swing=0.15)
    parts = [torso, head]
    for side, layer in [(-1, 1), (1, 4)]:
        spread = side * abs(rng.normal(0.3, 0.6)) * activity
        for joint, length, radius, first, materials in (
            (side * width * 0.8 + 0j, 0.55, 0.11, spread * 1.6, (0, 1)),
            (side * width * 0.5 + 1j, 0.75, 0.15, spread, (1, 1)),
        ):
            radius = radius * girth
            upper = Bone(capsule(length, radius, radius * 0.85), 0, joint, materials[0], layer)
            lower = Bone(capsule(length, radius * 0.85, radius * 0.6), len(parts), 1j * length, materials[1], layer)
            bend = rng.normal(0, 0.5) * activity
            parts += [Part(upper, first, swing=0.5 * activity), Part(lower, bend, swing=0.5 * activity)]
    return tuple(parts)


def _quadruped(rng: np.random.Generator) -> Figure:
    """A lying body with four legs, a neck with a head, a tail."""
    length, girth = rng.uniform(1, 1.8), rng.uniform(0.25, 0.5)
    trunk = Bone(capsule(length, girth, girth * rng.uniform(0.7, 1.2)), None, layer=1)
    parts = [Part(trunk, angle=-np.pi / 2, swing=0.1)]
    for place, layer in ((0.1, 0), (0.25, 2), (0.75, 0), (0.9, 2)):
        leg = Bone(capsule(rng.uniform(0.5, 1.1), girth * 0.4, girth * 0.2), 0, 1j * place * length, layer=layer)
        parts.append(Part(leg, angle=np.pi / 2, swing=0.35))
    neck = Bone(capsule(rng.uniform(0.2, 0.9), girth * 0.6, girth * 0.5), 0, 1j * length, layer=1)
    parts.append(Part(neck, angle=-rng.uniform(0, 1.2), swing=0.25))
    end_of_neck = 1j * neck.outline[2].imag
    head = Bone(capsule(girth, girth * 0.5, girth * 0.3), len(parts) - 1, end_of_neck, material=1, layer=3)
    tail = Bone(capsule(rng.uniform(0.2, 0.9), 0.1, 0.04), 0, material=1)
    return (*parts, Part(head, swing=0.3), Part(tail, angle=np.pi + rng.normal(0, 0.6), swing=0.5))


def _chain(rng: np.random.Generator) -> Figure:
    """Three to six links, as an arm or a snake."""
    num_links, length = rng.integers(3, 7), rng.uniform(0.35, 0.8)
    radii = rng.uniform(0.12, 0.35, num_links + 1)
    links = [
        Bone(
            capsule(length, radii[link], radii[link + 1]),
            parent=link - 1 if link else None,
            joint=1j * length,
            material=link % 2,
        )
        for link in range(num_links)
    ]
    return tuple(Part(link, angle=rng.normal(0, 0.5), swing=0.3) for link in links)


def _star(rng: np.random.Generator) -> Figure:
    """A middle with three to seven limbs around it."""
    num_limbs = rng.integers(3, 8)
    limb = capsule(rng.uniform(0.6, 1.4), rng.uniform(0.12, 0.3), rng.uniform(0.06, 0.25))
    limbs = [
        Part(Bone(limb, 0, material=1), angle=2 * np.pi * index / num_limbs + rng.normal(0, 0.2), swing=0.25)
        for index in range(num_limbs)
    ]
    return (Part(Bone(blob(rng, 0.2) * rng.uniform(0.3, 0.7), None, layer=1), flex=0.1), *limbs)


_KINDS: tuple[Callable[[np.random.Generator], Figure], ...] = (
    _soft_body,
    _rigid_body,
    _walker,
    _quadruped,
    _chain,
    _star,
)
_SHARES = (0.25, 0.2, 0.3, 0.12, 0.05, 0.08)

"""Figures: bodies of jointed parts that change their pose. Points of the plane are complex numbers here."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .drawing import blob, capsule, polygon, rectangle


@dataclass(frozen=True)
class Part:
    """A filled outline that hangs on another part.

    Attributes:
        outline: ``(K,)`` complex, the corners, from the part's joint as origin.
        material: which of the figure's textures it shows.
        parent: index of the part that it hangs on; its own index for the first, which hangs on nothing.
        joint: where on the parent, in the parent's coordinates.
        angle: rest angle to the parent in radians.
        swing: standard deviation of the angle between poses.
        flex: how far the outline itself changes between poses, as a share of its size.
        layer: parts of higher layers hide those of lower ones.
    """

    outline: np.ndarray
    material: int = 0
    parent: int = 0
    joint: complex = 0
    angle: float = 0.0
    swing: float = 0.0
    flex: float = 0.0
    layer: int = 0


@dataclass(frozen=True)
class PlacedPart:
    """A part in a pose: its ``outline`` in the figure's coordinates, where its own point z is ``origin + turn · z``."""

    outline: np.ndarray
    origin: complex
    turn: complex
    material: int


Figure = tuple[Part, ...]


def make_figure(rng: np.random.Generator) -> Figure:
    """A figure of a random kind, a few units large, with two materials at most."""
    return _KINDS[rng.choice(len(_KINDS), p=_SHARES)](rng)


def pose(rng: np.random.Generator, figure: Figure, strength: float) -> list[PlacedPart]:
    """The parts of a figure in a random pose, in the order in which they are painted.

    Args:
        rng: where chance comes from.
        figure: what is posed.
        strength: 1 swings each joint and bends each outline as much as it may; 0 is the rest pose.
    """
    origins, turns, placed = [], [], []
    angles = rng.normal(0, 1, len(figure))
    for index, part in enumerate(figure):
        origin, turn = (origins[part.parent], turns[part.parent]) if part.parent != index else (0j, 1 + 0j)
        origin = origin + turn * part.joint
        turn = turn * np.exp(1j * (part.angle + strength * part.swing * angles[index]))
        origins.append(origin)
        turns.append(turn)
        outline = _bent(rng, part, strength) if part.flex else part.outline
        placed.append(PlacedPart(origin + turn * outline, origin, turn, part.material))
    return [placed[index] for index in sorted(range(len(figure)), key=lambda index: figure[index].layer)]


def _bent(rng: np.random.Generator, part: Part, strength: float) -> np.ndarray:
    phases = np.linspace(0, 2 * np.pi, len(part.outline), endpoint=False)
    waves = np.exp(1j * np.outer([-2, -1, 1, 2], phases))
    amounts = rng.normal(0, 1, 4) + 1j * rng.normal(0, 1, 4)
    size = np.abs(part.outline).mean()
    return part.outline + strength * part.flex * size * (amounts / 4) @ waves


def _soft_body(rng: np.random.Generator) -> Figure:
    """A blob, stretched, with markings."""
    stretch = np.exp(rng.normal(0, 0.35))
    outline = blob(rng, rng.uniform(0, 0.5))
    body = Part(outline.real * stretch + 1j * outline.imag / stretch, flex=rng.uniform(0, 0.35))
    return (body, *_markings(rng))


def _rigid_body(rng: np.random.Generator) -> Figure:
    """A polygon or a box with smaller ones on it, as vehicles, signs and houses are."""
    outline = polygon(rng) if rng.random() < 0.5 else rectangle(rng.uniform(0.8, 2.4), rng.uniform(0.8, 2.4))
    return (Part(outline), *_markings(rng))


def _markings(rng: np.random.Generator) -> list[Part]:
    shapes: list[Callable] = [lambda: blob(rng, 0.3, 12), lambda: polygon(rng), lambda: rectangle(1, rng.uniform(1, 3))]
    return [
        Part(
            shapes[rng.integers(3)]() * rng.uniform(0.12, 0.4),
            material=1,
            joint=complex(*rng.uniform(-0.6, 0.6, 2)),
            angle=rng.uniform(0, 6.3),
            layer=1,
        )
        for _ in range(rng.integers(0, 4))
    ]


def _walker(rng: np.random.Generator) -> Figure:
    """An upright body with a head, two arms and two legs of two segments each."""
    width, girth = rng.uniform(0.22, 0.42), rng.uniform(0.8, 1.3)
    activity = rng.uniform(0.2, 1)
    torso = Part(capsule(1, width, width * rng.uniform(0.7, 1)), angle=rng.normal(0, 0.25), swing=0.15, layer=2)
    head = Part(
        capsule(0.3, 0.12, 0.2 * girth), material=1, joint=-0.25j, angle=np.pi + rng.normal(0, 0.2), swing=0.15, layer=3
    )
    parts = [torso, head]
    for side, layer in [(-1, 1), (1, 4)]:
        spread = side * abs(rng.normal(0.3, 0.6)) * activity
        for joint, length, radius, first, materials in (
            (side * width * 0.8 + 0j, 0.55, 0.11, spread * 1.6, (0, 1)),
            (side * width * 0.5 + 1j, 0.75, 0.15, spread, (1, 1)),
        ):
            radius = radius * girth
            upper = Part(
                capsule(length, radius, radius * 0.85),
                material=materials[0],
                joint=joint,
                angle=first,
                swing=0.5 * activity,
                layer=layer,
            )
            lower = Part(
                capsule(length, radius * 0.85, radius * 0.6),
                material=materials[1],
                parent=len(parts),
                joint=1j * length,
                angle=rng.normal(0, 0.5) * activity,
                swing=0.5 * activity,
                layer=layer,
            )
            parts += [upper, lower]
    return tuple(parts)


def _quadruped(rng: np.random.Generator) -> Figure:
    """A lying body with four legs, a neck with a head, a tail."""
    length, girth = rng.uniform(1, 1.8), rng.uniform(0.25, 0.5)
    parts = [Part(capsule(length, girth, girth * rng.uniform(0.7, 1.2)), angle=-np.pi / 2, swing=0.1, layer=1)]
    for place, layer in ((0.1, 0), (0.25, 2), (0.75, 0), (0.9, 2)):
        leg = capsule(rng.uniform(0.5, 1.1), girth * 0.4, girth * 0.2)
        parts.append(Part(leg, joint=1j * place * length, angle=np.pi / 2, swing=0.35, layer=layer))
    neck = Part(
        capsule(rng.uniform(0.2, 0.9), girth * 0.6, girth * 0.5),
        joint=1j * length,
        angle=-rng.uniform(0, 1.2),
        swing=0.25,
        layer=1,
    )
    head = Part(
        capsule(girth, girth * 0.5, girth * 0.3),
        material=1,
        parent=5,
        joint=neck.outline[2].imag * 1j,
        swing=0.3,
        layer=3,
    )
    tail = Part(capsule(rng.uniform(0.2, 0.9), 0.1, 0.04), material=1, angle=np.pi + rng.normal(0, 0.6), swing=0.5)
    return (*parts, neck, head, tail)


def _chain(rng: np.random.Generator) -> Figure:
    """Three to six links, as an arm or a snake."""
    num_links, length = rng.integers(3, 7), rng.uniform(0.35, 0.8)
    radii = rng.uniform(0.12, 0.35, num_links + 1)
    return tuple(
        Part(
            capsule(length, radii[link], radii[link + 1]),
            material=link % 2,
            parent=max(link - 1, 0),
            joint=1j * length * (link > 0),
            angle=rng.normal(0, 0.5),
            swing=0.3,
        )
        for link in range(num_links)
    )


def _star(rng: np.random.Generator) -> Figure:
    """A middle with three to seven limbs around it."""
    num_limbs = rng.integers(3, 8)
    limb = capsule(rng.uniform(0.6, 1.4), rng.uniform(0.12, 0.3), rng.uniform(0.06, 0.25))
    limbs = [
        Part(limb, material=1, angle=2 * np.pi * index / num_limbs + rng.normal(0, 0.2), swing=0.25)
        for index in range(num_limbs)
    ]
    return (Part(blob(rng, 0.2) * rng.uniform(0.3, 0.7), flex=0.1, layer=1), *limbs)


_KINDS: tuple[Callable[[np.random.Generator], Figure], ...] = (
    _soft_body,
    _rigid_body,
    _walker,
    _quadruped,
    _chain,
    _star,
)
_SHARES = (0.25, 0.2, 0.3, 0.12, 0.05, 0.08)

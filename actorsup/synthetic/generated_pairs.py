"""Pairs of crops to train trackers with: two views of a synthetic scene of jointed figures that move between them."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.random import Generator

from actorsup.registry import DATASETS
from actorsup.trackers.crops import EXEMPLAR_SIZE, SEARCH_SIZE, context_sides
from actorsup.trackers.training_data.pairs import Pair, PairDataset, vary_pair

from . import drawing
from .bodies import Bone, PlacedBone, place_bones
from .drawing import Canvas, Thing, blob, capsule, chain, pick_tinted, points, polygon, rectangle, rotation


@DATASETS.register_module()
class GeneratedPairs(PairDataset):
    """Pairs of synthetic scenes: nothing is filmed or downloaded, no pair is like another.

    A figure with random textures changes its pose, size and direction before a ground that moves otherwise; others
    resemble it in shape or texture, some things hide it; light, sharpness, noise and compression differ.

    Args:
        num_pairs: see ``PairDataset``, as ``seed``, which the textures follow from too.
        num_textures: to choose from; each use tints one anew.
        max_shift: see ``PairAugmentation``, as ``max_stretch`` and ``variation``.
    """

    def __init__(
        self,
        num_pairs: int,
        seed: int = 0,
        num_textures: int = 240,
        max_shift: float = 4.0,
        max_stretch: float = 0.05,
        variation: float = 1.0,
    ) -> None:
        super().__init__(num_pairs, seed)
        self.max_shift = max_shift
        self.max_stretch = max_stretch
        self.variation = variation
        self.textures = drawing.make_textures(np.random.default_rng(seed), num_textures)

    def draw(self, rng: Generator) -> Pair:
        """See ``PairDataset.draw``."""
        views = [Canvas(np.empty((size, size, 3), np.uint8)) for size in (EXEMPLAR_SIZE, SEARCH_SIZE)]
        offset = rng.uniform(-self.max_shift, self.max_shift, 2)
        places = (rng.uniform(-2, 2, 2), offset)
        stretches = rng.uniform(1 - self.max_stretch, 1 + self.max_stretch, (2, 2))
        _paint_ground(rng, views, self.textures)

        target = _dress_figure(rng, self.textures)
        target_poses = [_fit(pose_figure(rng, target.figure, target.activity), turn) for turn in target.turns]
        num_others = rng.choice(4, p=(0.35, 0.35, 0.2, 0.1))
        others = [_dress_figure(rng, self.textures, like=target) for _ in range(num_others)]
        in_front = rng.random(num_others) < 0.15
        sizes = rng.uniform(0.5, 1.4, num_others)
        for view, farthest in enumerate((80, 140)):
            behind, front = [], []
            for other, size, is_in_front in zip(others, sizes, in_front, strict=True):
                # At least 45 pixels between the target and what only resembles it.
                angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(45.0, farthest)
                place = places[view] + distance * np.array([np.cos(angle), np.sin(angle)])
                parts, scale = _fit(pose_figure(rng, other.figure, other.activity), other.turns[view])
                (front if is_in_front else behind).append((other, parts, scale * size, place))
            parts, scale = target_poses[view]
            for painted in (*behind, (target, parts, scale * stretches[view], places[view]), *front):
                _paint_figure(views[view], *painted)
        if rng.random() < 0.15:
            _paint_occluder(rng, views[1], self.textures, offset)
        return *vary_pair(rng, views[0].pixels, views[1].pixels, self.variation), offset.astype(np.float32)


@dataclass(frozen=True)
class Part:
    """A bone of a figure, whose parent is the index of another part, and how it differs from pose to pose."""

    bone: Bone
    angle: float = 0.0  # rest angle to the parent in radians
    swing: float = 0.0  # standard deviation of the angle between poses
    flex: float = 0.0  # how far the outline itself changes between poses, as a share of its size


Figure = tuple[Part, ...]


@dataclass(frozen=True)
class DressedFigure:
    """A figure with its textures, and how it is turned and stretched in each of the two views."""

    figure: Figure
    textures: tuple[np.ndarray, ...]
    turns: tuple[np.ndarray, np.ndarray]  # (2, 2) each
    activity: float


def _dress_figure(rng: Generator, textures: list[np.ndarray], like: DressedFigure | None = None) -> DressedFigure:
    """A random figure; one ``like`` another shares its figure or its textures with it, or nothing."""
    alike = rng.random() if like is not None else 1.0
    figure = like.figure if alike < 0.4 else make_figure(rng)
    materials = like.textures if 0.4 <= alike < 0.6 else tuple(pick_tinted(rng, textures) for _ in range(2))
    angle, stretch = rng.normal(0, 0.3), np.exp(rng.normal(0, 0.1, 2))
    turns = []
    for change in (0.0, 1.0):
        turn = rotation(angle + change * rng.normal(0, 0.15))
        turns.append(np.diag(stretch * np.exp(change * rng.normal(0, 0.08, 2))) @ turn)
    return DressedFigure(figure, materials, (turns[0], turns[1]), rng.uniform(0.3, 1.2))


def _fit(parts: list[PlacedBone], turn: np.ndarray) -> tuple[list[tuple[PlacedBone, np.ndarray, np.ndarray]], float]:
    """Turned parts around the centre of their box, with outline and map from own coordinates; the scale of a crop."""
    outlines = [points(part.outline) @ turn.T for part in parts]
    corners = np.concatenate(outlines)
    lowest, highest = corners.min(axis=0), corners.max(axis=0)
    to_center = np.column_stack([turn, -(lowest + highest) / 2])
    maps = [chain(to_center, part.matrix) for part in parts]
    fitted = list(zip(parts, [outline + to_center[:, 2] for outline in outlines], maps, strict=True))
    return fitted, EXEMPLAR_SIZE / context_sides(highest - lowest)


def _paint_figure(view: Canvas, dressed: DressedFigure, parts, scale: float | np.ndarray, place: np.ndarray) -> None:
    to_scene = np.column_stack([np.diag(np.broadcast_to(scale, 2)), place])
    for part, outline, matrix in parts:
        texture = dressed.textures[part.material % len(dressed.textures)]
        view.paint_bone(outline * scale + place, texture, chain(to_scene, matrix), repeats=1 / 3)


def _paint_ground(rng: Generator, views: list[Canvas], textures: list[np.ndarray]) -> None:
    """The ground of both views with things on it; between them the camera moved, or it is another place."""
    second_place = rng.random() < 0.15
    turn = np.exp(rng.normal(0, 0.1)) * rotation(rng.normal(0, 0.08))
    movement = np.column_stack([turn, rng.normal(0, rng.choice([3.0, 15.0, 60.0]), 2)])
    for view, motion in zip(views, (np.eye(2, 3), movement), strict=True):
        if view is views[0] or second_place:
            ground = pick_tinted(rng, textures)
            turn = rng.uniform(0.2, 1.2) * rotation(rng.uniform(0, 2 * np.pi))
            to_texture = np.column_stack([turn, np.full(2, len(ground) / 2)])
            things = _scatter(rng, textures)
        everything = points(rectangle(SEARCH_SIZE + 2, SEARCH_SIZE + 2))
        view.paint(everything, ground, chain(to_texture, cv2.invertAffineTransform(motion)))
        for thing in things:
            thing.paint(view, motion)


def _scatter(rng: Generator, textures: list[np.ndarray]) -> list[Thing]:
    things = []
    for _ in range(rng.integers(0, 9)):
        shape = (blob(rng, 0.4), polygon(rng), rectangle(1, rng.uniform(1, 6)))[rng.integers(3)]
        shape = shape * np.exp(rng.uniform(np.log(12), np.log(90)) + 1j * rng.uniform(0, 6.3))
        place = rng.uniform(-150, 150, 2)
        zoom = rng.uniform(0.3, 2)
        matrix = np.array([[zoom, 0, 64 - zoom * place[0]], [0, zoom, 64 - zoom * place[1]]])
        things.append(Thing(points(shape) + place, pick_tinted(rng, textures), matrix))
    return things


def _paint_occluder(rng: Generator, view: Canvas, textures: list[np.ndarray], place: np.ndarray) -> None:
    """Something that hides a part of the target."""
    shape = (blob(rng, 0.4) * 20, rectangle(rng.uniform(8, 25), 300))[rng.integers(2)]
    shape = shape * np.exp(1j * rng.uniform(0, 6.3))
    center = place + rng.uniform(-28, 28, 2)
    matrix = np.array([[0.7, 0, rng.uniform(0, 100)], [0, 0.7, rng.uniform(0, 100)]])
    view.paint(points(shape) + center, pick_tinted(rng, textures), matrix)


def make_figure(rng: Generator) -> Figure:
    """A figure of a random kind, a few units large, with two materials at most."""
    return list(_SHARES)[rng.choice(len(_SHARES), p=list(_SHARES.values()))](rng)


def pose_figure(rng: Generator, figure: Figure, strength: float) -> list[PlacedBone]:
    """Bones of a figure, as they are painted, in a random pose: strength 1 moves them as much as they may, 0 rests."""
    swings = [strength * part.swing for part in figure] * rng.normal(0, 1, len(figure))
    turns = {index: np.exp(1j * (part.angle + swings[index])) for index, part in enumerate(figure)}
    bones = {index: _bent(rng, part, strength) if part.flex else part.bone for index, part in enumerate(figure)}
    return place_bones(bones, turns)


def _bent(rng: Generator, part: Part, strength: float) -> Bone:
    outline = part.bone.outline
    waves = np.exp(1j * np.outer([-2, -1, 1, 2], np.linspace(0, 2 * np.pi, len(outline), endpoint=False)))
    amounts = rng.normal(0, 1, 4) + 1j * rng.normal(0, 1, 4)
    return replace(part.bone, outline=outline + strength * part.flex * np.abs(outline).mean() * (amounts / 4) @ waves)


def _soft_body(rng: Generator) -> Figure:
    """A blob, stretched, with markings."""
    stretch = np.exp(rng.normal(0, 0.35))
    outline = blob(rng, rng.uniform(0, 0.5))
    body = Part(Bone(outline.real * stretch + 1j * outline.imag / stretch, None), flex=rng.uniform(0, 0.35))
    return (body, *_markings(rng))


def _rigid_body(rng: Generator) -> Figure:
    """A polygon or a box with smaller ones on it, as vehicles, signs and houses are."""
    outline = polygon(rng) if rng.random() < 0.5 else rectangle(rng.uniform(0.8, 2.4), rng.uniform(0.8, 2.4))
    return (Part(Bone(outline, None)), *_markings(rng))


def _markings(rng: Generator) -> list[Part]:
    shapes = [lambda: blob(rng, 0.3, 12), lambda: polygon(rng), lambda: rectangle(1, rng.uniform(1, 3))]
    parts = []
    for _ in range(rng.integers(0, 4)):
        outline, joint = shapes[rng.integers(3)]() * rng.uniform(0.12, 0.4), complex(*rng.uniform(-0.6, 0.6, 2))
        parts.append(Part(Bone(outline, 0, joint, material=1, layer=1), angle=rng.uniform(0, 6.3)))
    return parts


def _walker(rng: Generator) -> Figure:
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


def _quadruped(rng: Generator) -> Figure:
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


def _links(rng: Generator) -> Figure:
    """Three to six links, as an arm or a snake."""
    num_links, length = rng.integers(3, 7), rng.uniform(0.35, 0.8)
    radii = rng.uniform(0.12, 0.35, num_links + 1)
    bones = [
        Bone(capsule(length, *radii[link : link + 2]), link - 1 if link else None, 1j * length, material=link % 2)
        for link in range(num_links)
    ]
    return tuple(Part(bone, angle=rng.normal(0, 0.5), swing=0.3) for bone in bones)


def _star(rng: Generator) -> Figure:
    """A middle with three to seven limbs around it."""
    num_limbs = rng.integers(3, 8)
    limb = capsule(rng.uniform(0.6, 1.4), rng.uniform(0.12, 0.3), rng.uniform(0.06, 0.25))
    angles = [2 * np.pi * index / num_limbs + rng.normal(0, 0.2) for index in range(num_limbs)]
    limbs = [Part(Bone(limb, 0, material=1), angle, swing=0.25) for angle in angles]
    return (Part(Bone(blob(rng, 0.2) * rng.uniform(0.3, 0.7), None, layer=1), flex=0.1), *limbs)


_SHARES = {_soft_body: 0.25, _rigid_body: 0.2, _walker: 0.3, _quadruped: 0.12, _links: 0.05, _star: 0.08}

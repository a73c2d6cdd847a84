"""Pairs of crops to train trackers with: two views of one scene, a target among others, before and after all moved."""

from dataclasses import dataclass

import cv2
import numpy as np

from actorsup.registry import DATASETS
from actorsup.trackers.crops import EXEMPLAR_SIZE, SEARCH_SIZE, context_sides
from actorsup.trackers.training_data.pairs import Pair, PairDataset, vary_pair

from .bodies import PlacedBone
from .drawing import Canvas, blob, make_textures, pick_tinted, polygon, rectangle
from .figures import Figure, make_figure, pose_figure

_NEAREST_NEIGHBOR = 45.0  # pixels between the target and what only resembles it


@DATASETS.register_module()
class GeneratedPairs(PairDataset):
    """Pairs of drawn scenes: nothing is filmed or downloaded, no pair is like another.

    A figure — soft or rigid, walking on two legs or four, a chain, a star — with random textures changes its pose, size
    and direction before a textured ground that moves otherwise; others resemble it in shape or in texture, some things
    hide it; light, sharpness, noise and compression differ.

    Args:
        num_pairs: length of the dataset.
        seed: another one gives other textures and other pairs.
        num_textures: to choose from; each use tints one anew.
        max_shift: see ``draw_pair``.
        max_stretch: see ``draw_pair``.
        variation: how much appearance varies, see ``vary_pair``.
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
        self.textures = make_textures(np.random.default_rng(seed), num_textures)

    def draw(self, rng: np.random.Generator) -> Pair:
        """See ``PairDataset.draw``."""
        exemplar, search, offset = draw_pair(rng, self.textures, self.max_shift, self.max_stretch)
        return *vary_pair(rng, exemplar, search, self.variation), offset


@dataclass(frozen=True)
class Body:
    """A figure with its textures, and how it is turned and stretched in each of the two views."""

    figure: Figure
    textures: tuple[np.ndarray, ...]
    turns: tuple[np.ndarray, np.ndarray]  # (2, 2) each
    activity: float


def draw_pair(rng: np.random.Generator, textures: list[np.ndarray], max_shift: float, max_stretch: float) -> Pair:
    """Draw one target twice.

    Args:
        rng: where chance comes from.
        textures: to choose from.
        max_shift: the target lies at most so many pixels off the middle of the search crop, along either axis.
        max_stretch: crops show the target at most by this share too large or too small, along either axis.

    Returns:
        The exemplar ``(127, 127, 3)``, the search crop ``(255, 255, 3)``, and where the target is in it: (x, y) in
        pixels from its centre.
    """
    views = tuple(Canvas(np.empty((size, size, 3), np.uint8)) for size in (EXEMPLAR_SIZE, SEARCH_SIZE))
    offset = rng.uniform(-max_shift, max_shift, 2)
    places = (rng.uniform(-2, 2, 2), offset)
    stretches = rng.uniform(1 - max_stretch, 1 + max_stretch, (2, 2))
    _paint_ground(rng, views, textures)

    target = _make_body(rng, textures)
    target_poses = [_fit(pose_figure(rng, target.figure, target.activity), target.turns[view]) for view in (0, 1)]
    others = [_make_body(rng, textures, like=target) for _ in range(rng.choice(4, p=(0.35, 0.35, 0.2, 0.1)))]
    in_front = rng.random(len(others)) < 0.15
    sizes = rng.uniform(0.5, 1.4, len(others))
    for view in (0, 1):
        neighbors = []
        for other, size in zip(others, sizes, strict=True):
            place = _beside(rng, places[view], _NEAREST_NEIGHBOR, 80 if view == 0 else 140)
            parts, scale = _fit(pose_figure(rng, other.figure, other.activity), other.turns[view])
            neighbors.append((other, parts, scale * size, place))
        for neighbor, front in zip(neighbors, in_front, strict=True):
            if not front:
                _paint_body(views[view], *neighbor)
        parts, scale = target_poses[view]
        _paint_body(views[view], target, parts, scale * stretches[view], places[view])
        for neighbor, front in zip(neighbors, in_front, strict=True):
            if front:
                _paint_body(views[view], *neighbor)
    if rng.random() < 0.15:
        _paint_occluder(rng, views[1], textures, offset)
    return views[0].pixels, views[1].pixels, offset.astype(np.float32)


def _make_body(rng: np.random.Generator, textures: list[np.ndarray], like: Body | None = None) -> Body:
    """A body; one ``like`` another shares its figure or its textures with it, or nothing, but never both."""
    alike = rng.random() if like is not None else 1.0
    figure = like.figure if alike < 0.4 else make_figure(rng)
    materials = like.textures if 0.4 <= alike < 0.6 else tuple(pick_tinted(rng, textures) for _ in range(2))
    angle = rng.normal(0, 0.3)
    stretch = np.exp(rng.normal(0, 0.1, 2))
    turns = []
    for change in (0.0, 1.0):
        turn = angle + change * rng.normal(0, 0.15)
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        turns.append(np.diag(stretch * np.exp(change * rng.normal(0, 0.08, 2))) @ rotation)
    return Body(figure, materials, (turns[0], turns[1]), rng.uniform(0.3, 1.2))


def _fit(parts: list[PlacedBone], turn: np.ndarray) -> tuple[list[tuple[PlacedBone, np.ndarray, np.ndarray]], float]:
    """Turned parts around the centre of their common box, and the scale at which a crop shows them.

    Of each part: itself, its outline ``(K, 2)``, and the ``(2, 3)`` matrix from its own coordinates to the turned ones.
    """
    outlines = [np.stack([part.outline.real, part.outline.imag], axis=1) @ turn.T for part in parts]
    lowest = np.min([outline.min(axis=0) for outline in outlines], axis=0)
    highest = np.max([outline.max(axis=0) for outline in outlines], axis=0)
    center = (lowest + highest) / 2
    fitted = []
    for part, outline in zip(parts, outlines, strict=True):
        rotation = np.array([[part.turn.real, -part.turn.imag], [part.turn.imag, part.turn.real]])
        origin = turn @ (part.origin.real, part.origin.imag) - center
        fitted.append((part, outline - center, np.column_stack([turn @ rotation, origin])))
    return fitted, EXEMPLAR_SIZE / context_sides(highest - lowest)


def _paint_body(view: Canvas, body: Body, parts, scale: float | np.ndarray, place: np.ndarray) -> None:
    scale = np.broadcast_to(scale, 2)
    for part, outline, matrix in parts:
        to_scene = np.column_stack([scale[:, None] * matrix[:, :2], scale * matrix[:, 2] + place])
        texture = body.textures[part.material % len(body.textures)]
        # A unit of the figure shows a third of the texture's side.
        units = len(texture) / 3
        inverse = np.linalg.inv(to_scene[:, :2]) * units
        to_texture = np.column_stack([inverse, len(texture) / 2 - inverse @ to_scene[:, 2]])
        view.paint(outline * scale + place, texture, to_texture)


def _beside(rng: np.random.Generator, place: np.ndarray, nearest: float, farthest: float) -> np.ndarray:
    angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(nearest, farthest)
    return place + distance * np.array([np.cos(angle), np.sin(angle)])


def _paint_ground(rng: np.random.Generator, views: tuple[Canvas, Canvas], textures: list[np.ndarray]) -> None:
    """The ground of both views with things that stand on it; between them the camera moved, or it is another place."""
    second_place = rng.random() < 0.15
    movement = _small_motion(rng)
    for view, motion in zip(views, (np.eye(2, 3), movement), strict=True):
        if view is views[0] or second_place:
            ground = pick_tinted(rng, textures)
            zoom = rng.uniform(0.2, 1.2)
            turn = rng.uniform(0, 2 * np.pi)
            to_texture = np.array(
                [
                    [zoom * np.cos(turn), -zoom * np.sin(turn), len(ground) / 2],
                    [zoom * np.sin(turn), zoom * np.cos(turn), len(ground) / 2],
                ]
            )
            things = _scatter(rng, textures)
        inverse = cv2.invertAffineTransform(motion)
        corners = rectangle(SEARCH_SIZE + 2, SEARCH_SIZE + 2)
        everything = np.stack([corners.real, corners.imag], axis=1)
        view.paint(everything, ground, _chain(to_texture, inverse))
        for outline, texture, matrix in things:
            view.paint(outline @ motion[:, :2].T + motion[:, 2], texture, _chain(matrix, inverse))


def _scatter(rng: np.random.Generator, textures: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Things around: the outline of each, its texture, and where on the texture a pixel of the scene lies."""
    things = []
    for _ in range(rng.integers(0, 9)):
        shape = (blob(rng, 0.4), polygon(rng), rectangle(1, rng.uniform(1, 6)))[rng.integers(3)]
        shape = shape * np.exp(rng.uniform(np.log(12), np.log(90)) + 1j * rng.uniform(0, 6.3))
        place = rng.uniform(-150, 150, 2)
        zoom = rng.uniform(0.3, 2)
        matrix = np.array([[zoom, 0, 64 - zoom * place[0]], [0, zoom, 64 - zoom * place[1]]])
        things.append((np.stack([shape.real, shape.imag], axis=1) + place, pick_tinted(rng, textures), matrix))
    return things


def _paint_occluder(rng: np.random.Generator, view: Canvas, textures: list[np.ndarray], place: np.ndarray) -> None:
    """Something that hides a part of the target."""
    shape = (blob(rng, 0.4) * 20, rectangle(rng.uniform(8, 25), 300))[rng.integers(2)] * np.exp(
        1j * rng.uniform(0, 6.3)
    )
    center = place + rng.uniform(-28, 28, 2)
    matrix = np.array([[0.7, 0, rng.uniform(0, 100)], [0, 0.7, rng.uniform(0, 100)]])
    view.paint(np.stack([shape.real, shape.imag], axis=1) + center, pick_tinted(rng, textures), matrix)


def _small_motion(rng: np.random.Generator) -> np.ndarray:
    """How the ground moves between the views, in relation to the target: ``(2, 3)``."""
    zoom, turn = np.exp(rng.normal(0, 0.1)), rng.normal(0, 0.08)
    strength = rng.choice([3.0, 15.0, 60.0])
    cos, sin = zoom * np.cos(turn), zoom * np.sin(turn)
    shift = rng.normal(0, strength, 2)
    return np.array([[cos, -sin, shift[0]], [sin, cos, shift[1]]])


def _chain(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The affine map ``(2, 3)`` that does the first, then the second."""
    return np.column_stack([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]])

"""Who appears in a video, a sequence or a still image, and what they do."""

from dataclasses import dataclass

import numpy as np

from .bodies import ACTORS, make_body
from .motions import ACTIONS, PASTIMES, Motion, all_motions, usual_motions
from .performance import Appearance, Puppet, Stretch, perform
from .settings import WorldSettings
from .stage import Stage, make_stage

_PEOPLE = 0.6  # share of people among those that do not act
_ALL_MOTIONS = tuple(ACTIONS.values())


@dataclass(frozen=True)
class Scene:
    """A filmed scene.

    Args:
        stage: where.
        puppets: who, the farthest first.
        appearances: of each puppet in each frame.
        noise_seed: of the sensor.
    """

    stage: Stage
    puppets: tuple[Puppet, ...]
    appearances: tuple[list[Appearance], ...]
    noise_seed: int

    def frames(self):
        """The frames ``(H, W, 3)`` uint8, RGB, one after the other."""
        rng = np.random.default_rng(self.noise_seed)
        textures = [puppet.body.textures for puppet in self.puppets]
        for index in range(len(self.stage.cameras)):
            picture = self.stage.paint(index, [of_puppet[index] for of_puppet in self.appearances], textures)
            yield self.stage.add_noise(rng, picture)

    def boxes(self, puppet: int) -> np.ndarray:
        """``(T, 4)`` of a puppet, cut to the frame."""
        appearances = self.appearances[puppet]
        return np.stack([self.stage.box_in_frame(index, found) for index, found in enumerate(appearances)])


@dataclass(frozen=True)
class ActionScene:
    """A scene in which somebody acts.

    Args:
        scene: the scene.
        performers: indices of the puppets that act.
        span: the first frame of the action and the one after its last.
    """

    scene: Scene
    performers: tuple[int, ...]
    span: tuple[int, int]


def write_action_scene(
    rng: np.random.Generator, textures: list[np.ndarray], settings: WorldSettings, action: str
) -> ActionScene:
    """One or two perform the action, others do something else; it may begin late or end early."""
    motion = ACTIONS[action]
    num_frames = int(rng.integers(settings.num_frames[0], settings.num_frames[1] + 1))
    span = _span(rng, num_frames) if rng.random() < settings.untrimmed_share else (0, num_frames)
    cast = [
        (motion.actor, _performance(rng, motion, span, num_frames))
        for _ in range(1 + (rng.random() < settings.second_performer_share))
    ]
    num_performers = len(cast)
    for _ in range(rng.integers(settings.num_bystanders[0], settings.num_bystanders[1] + 1)):
        # Every other one is of the kind that acts.
        actor = motion.actor if rng.random() < 0.5 else _any_actor(rng)
        cast.append((actor, (_stretch(rng, _pick(rng, PASTIMES[actor]), 0),)))
    scene, order = _film(rng, textures, settings, cast, num_frames)
    performers = tuple(sorted(order.index(index) for index in range(num_performers)))
    return ActionScene(scene, performers, span)


def write_sequence(
    rng: np.random.Generator, textures: list[np.ndarray], settings: WorldSettings, num_frames: int
) -> Scene:
    """Puppets that move in any way, for trackers; the nearest is the last."""
    cast = []
    for _ in range(rng.integers(2, 5)):
        motion = _pick(rng, _ALL_MOTIONS)
        cast.append((motion.actor, (_stretch(rng, motion, 0),)))
    return _film(rng, textures, settings, cast, num_frames)[0]


def write_still(rng: np.random.Generator, textures: list[np.ndarray], settings: WorldSettings) -> Scene:
    """Puppets in the poses that still images usually show, or in any, for detectors."""
    motions = usual_motions if settings.usual_stills else all_motions
    cast = []
    for _ in range(rng.integers(1, 6)):
        actor = _any_actor(rng)
        cast.append((actor, (_stretch(rng, _pick(rng, motions(actor)), 0),)))
    return _film(rng, textures, settings, cast, 1)[0]


def _any_actor(rng: np.random.Generator) -> str:
    return "person" if rng.random() < _PEOPLE else ACTORS[rng.integers(1, len(ACTORS))]


def _pick(rng: np.random.Generator, motions: tuple[Motion, ...]) -> Motion:
    return motions[rng.integers(len(motions))]


def _span(rng: np.random.Generator, num_frames: int) -> tuple[int, int]:
    """40 to 70 % of the video."""
    length = int(rng.uniform(0.4, 0.7) * num_frames)
    start = int(rng.integers(0, num_frames - length + 1))
    return start, start + length


def _performance(
    rng: np.random.Generator, motion: Motion, span: tuple[int, int], num_frames: int
) -> tuple[Stretch, ...]:
    before, after = (_pick(rng, PASTIMES[motion.actor]) for _ in range(2))
    stretches = [_stretch(rng, before, 0)] if span[0] else []
    stretches.append(_stretch(rng, motion, span[0]))
    if span[1] < num_frames:
        stretches.append(_stretch(rng, after, span[1]))
    return tuple(stretches)


def _stretch(rng: np.random.Generator, motion: Motion, start: int) -> Stretch:
    return Stretch(motion, start, rng.uniform(0.75, 1.25), rng.uniform(0.85, 1.15), rng.uniform(0, 1))


def _film(
    rng: np.random.Generator,
    textures: list[np.ndarray],
    settings: WorldSettings,
    cast: list[tuple[str, tuple[Stretch, ...]]],
    num_frames: int,
) -> tuple[Scene, list[int]]:
    """The scene of a cast, and the index in the cast of each of its puppets."""
    stage = make_stage(rng, textures, settings.size, num_frames, settings.camera_motion, settings.occluder_share)
    width, height = settings.size
    grounds = rng.uniform(stage.horizon + 0.14 * height, 0.46 * height, len(cast))
    places = rng.permutation(len(cast)) + rng.uniform(0.2, 0.8, len(cast))
    puppets = []
    for (actor, stretches), ground, place in zip(cast, grounds, places, strict=True):
        body = make_body(rng, actor, textures)
        nearness = (ground - stage.horizon) / (0.5 * height - stage.horizon)
        scale = body.height * (0.7 + 0.45 * nearness) * height / 180
        limits = (-0.40 * width, 0.40 * width)
        x = float(np.clip((place / len(cast) - 0.5) * 0.9 * width, *limits))
        puppets.append(Puppet(body, stretches, scale, float(ground), x, int(rng.choice([-1, 1])), limits))
    order = sorted(range(len(cast)), key=lambda index: grounds[index])
    puppets = tuple(puppets[index] for index in order)
    appearances = tuple(perform(puppet, num_frames, settings.fps) for puppet in puppets)
    return Scene(stage, puppets, appearances, int(rng.integers(2**31))), order

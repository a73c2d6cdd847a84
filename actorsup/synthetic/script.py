"""What happens in the videos of a world, and the settings that say it."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from actorsup.errors import InputError

from .bodies import ACTORS, make_body
from .performance import ACTIONS, PASTIMES, Appearance, Motion, Puppet, Stretch, motions_of, perform
from .stage import Stage, make_stage


@dataclass(frozen=True)
class WorldSettings:
    """What all videos of a world share; an ``InputError`` names what is out of its range."""

    seed: int = 0  #: another one gives another world: other looks, places and videos
    size: tuple[int, int] = (240, 180)  #: (width, height) of the frames in pixels
    fps: float = 15.0  #: frames a second
    num_frames: tuple[int, int] = (40, 64)  #: of a video, least and most
    num_bystanders: tuple[int, int] = (1, 4)  #: that do something else, least and most
    second_performer_share: float = 0.3  #: of the videos, those in which two act
    untrimmed_share: float = 0.5  #: of the videos, those that show more than the action
    occluder_share: float = 0.5  #: of the videos, those with something in front of the puppets
    camera_motion: float = 0.06  #: how far the camera pans, as a share of the frame's width
    quality: tuple[int, int] = (45, 90)  #: of the compression, least and most, as JPEG counts it
    num_textures: int = 120  #: that looks and places of one set are made of
    actions: tuple[str, ...] = tuple(ACTIONS)  #: that videos are labelled with, in the order of the labels
    usual_stills: bool = True  #: whether still images show usual poses alone, as photographs do; else all poses

    def __post_init__(self) -> None:
        are_known = set(self.actions) <= ACTIONS.keys() and 0 < len(self.actions) == len(set(self.actions))
        checks = {
            "seed": (self.seed >= 0, "0 or more"),
            "size": (min(self.size) >= 64, "at least 64 pixels"),
            "fps": (self.fps > 0, "above 0"),
            "num_textures": (self.num_textures >= 1, "1 or more"),
            "num_frames": (4 <= self.num_frames[0] <= self.num_frames[1], "least and most, from 4"),
            "num_bystanders": (0 <= self.num_bystanders[0] <= self.num_bystanders[1], "least and most, from 0"),
            "quality": (1 <= self.quality[0] <= self.quality[1] <= 100, "least and most, from 1 to 100"),
            "camera_motion": (0 <= self.camera_motion < 0.5, "from 0 to below 0.5"),
            "actions": (are_known, f"different ones of {', '.join(ACTIONS)}"),
        }
        for share in ("second_performer_share", "untrimmed_share", "occluder_share"):
            checks[share] = (0 <= getattr(self, share) <= 1, "from 0 to 1")
        wrong = [f"{name}={getattr(self, name)}: {expected}" for name, (good, expected) in checks.items() if not good]
        if wrong:
            raise InputError("puppets: expected " + "; ".join(wrong))


@dataclass(frozen=True)
class WorldSizes:
    """How much of a world is drawn."""

    train_stills: int  #: to train detectors
    val_stills: int  #: to measure them
    sequences: int  #: to train trackers
    sequence_frames: int  #: of each sequence
    train_videos: int  #: of each action
    test_videos: int  #: of each action

    def __post_init__(self) -> None:
        for name, number in vars(self).items():
            least = 2 if name == "sequence_frames" else 0
            if not isinstance(number, int) or number < least:
                raise InputError(f"puppets: {name} must be a whole number from {least} on, got {number!r}")


@dataclass(frozen=True)
class Scene:
    """A filmed scene."""

    stage: Stage
    puppets: tuple[Puppet, ...]  # the farthest first
    appearances: tuple[list[Appearance], ...]  # of each puppet in each frame
    noise_seed: int  # of the sensor
    performers: tuple[int, ...] = ()  # indices of the puppets that act
    span: tuple[int, int] = (0, 0)  # the first frame of their action and the one after its last

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


def write_action_scene(rng: Generator, textures: list[np.ndarray], settings: WorldSettings, action: str) -> Scene:
    """One or two perform the action, which may begin late or end early; others do something else."""
    motion = ACTIONS[action]
    num_frames = int(rng.integers(*settings.num_frames, endpoint=True))
    start, length = 0, num_frames
    if rng.random() < settings.untrimmed_share:
        length = int(rng.uniform(0.4, 0.7) * num_frames)
        start = int(rng.integers(0, num_frames - length + 1))
    end = start + length
    num_performers = 1 + (rng.random() < settings.second_performer_share)
    cast = []
    for _ in range(num_performers):
        before, after = (_pick(rng, PASTIMES[motion.actor]) for _ in range(2))
        parts = [(before, 0)] * (start > 0) + [(motion, start)] + [(after, end)] * (end < num_frames)
        cast.append((motion.actor, tuple(_stretch(rng, *part) for part in parts)))
    for _ in range(rng.integers(*settings.num_bystanders, endpoint=True)):
        # Every other one is of the kind that acts.
        actor = motion.actor if rng.random() < 0.5 else _any_actor(rng)
        cast.append((actor, (_stretch(rng, _pick(rng, PASTIMES[actor])),)))
    return _film(rng, textures, settings, cast, num_frames, num_performers, (start, end))


def write_sequence(rng: Generator, textures: list[np.ndarray], settings: WorldSettings, num_frames: int) -> Scene:
    """Puppets that move in any way, for trackers; the nearest is the last."""
    cast = []
    for _ in range(rng.integers(2, 5)):
        motion = _pick(rng, tuple(ACTIONS.values()))
        cast.append((motion.actor, (_stretch(rng, motion),)))
    return _film(rng, textures, settings, cast, num_frames)


def write_still(rng: Generator, textures: list[np.ndarray], settings: WorldSettings) -> Scene:
    """Puppets in the poses that still images usually show, or in any, for detectors."""
    cast = []
    for _ in range(rng.integers(1, 6)):
        actor = _any_actor(rng)
        cast.append((actor, (_stretch(rng, _pick(rng, motions_of(actor, settings.usual_stills))),)))
    return _film(rng, textures, settings, cast, 1)


def _any_actor(rng: Generator) -> str:
    return "person" if rng.random() < 0.6 else ACTORS[rng.integers(1, len(ACTORS))]


def _pick(rng: Generator, motions: tuple[Motion, ...]) -> Motion:
    return motions[rng.integers(len(motions))]


def _stretch(rng: Generator, motion: Motion, start: int = 0) -> Stretch:
    return Stretch(motion, start, rng.uniform(0.75, 1.25), rng.uniform(0.85, 1.15), rng.uniform(0, 1))


def _film(
    rng: Generator,
    textures: list[np.ndarray],
    settings: WorldSettings,
    cast: list[tuple[str, tuple[Stretch, ...]]],
    num_frames: int,
    num_performers: int = 0,
    span: tuple[int, int] = (0, 0),
) -> Scene:
    """The scene of a cast, whose first ones act."""
    width, height = settings.size
    stage = make_stage(rng, textures, settings.size, num_frames, settings.camera_motion, settings.occluder_share)
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
    order = np.argsort(grounds, kind="stable").tolist()
    puppets = tuple(puppets[index] for index in order)
    appearances = tuple(perform(puppet, num_frames, settings.fps) for puppet in puppets)
    performers = tuple(place for place, index in enumerate(order) if index < num_performers)
    return Scene(stage, puppets, appearances, int(rng.integers(2**31)), performers, span)

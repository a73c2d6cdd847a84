"""Scenes made of real clips: several people at once, of whom one, or some, do the labelled actions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.random import Generator

from actorsup.datasets.formats import LabelledVideo, VideoCollection, VideosFile, write_videos_file
from actorsup.datasets.video_files import find_videos
from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.progress import progress_bar
from actorsup.structures import Tube
from actorsup.visualization import video_file


@dataclass(frozen=True)
class CrowdSettings:
    """What a crowd is made of.

    Args:
        seed: of every choice.
        tiles: clips side by side, ``(columns, rows)``.
        actions: classes of the labelled actor.
        others: classes of what everybody else does.
        labelled: how many people do a labelled action, each another one; the scene has all their labels.
        videos: how many of each action, for training and for testing.
        test_people: who is seen in testing alone, by how the names of their clips begin (``moshe_walk``); None keeps
            the splits of the annotation.
        max_frames: of a scene; it ends with the shortest of its clips.
        frames_per_second: of the videos that are written.
    """

    seed: int = 0
    tiles: tuple[int, int] = (2, 2)
    actions: tuple[str, ...] = ("bend", "jack", "jump", "pjump", "run", "wave1", "wave2")
    others: tuple[str, ...] = ("walk", "side", "skip")
    labelled: int = 1
    videos: tuple[int, int] = (30, 12)
    test_people: tuple[str, ...] | None = None
    max_frames: int = 48
    frames_per_second: float = 25.0


def make_crowd(clips: str | Path, out: str | Path, settings: CrowdSettings) -> VideoCollection:
    """Write ``videos/<split>/<action>/000.mp4`` and ``annotation.json`` into ``out``.

    ``clips`` holds ``annotation.json`` (format actorsup.videos, with tubes) and ``videos/``, all of one size. No person
    is in scenes of both splits. A scene's true tubes are those of the clips that give it its labels.

    Raises:
        InputError: if ``out`` is not empty, more people are to act than there are tiles or actions, a class or a split
            has too few clips, or a clip is missing or of another size.
    """
    clips, out = Path(clips), Path(out)
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out}: is not empty; give another folder, or move it away")
    num_tiles = settings.tiles[0] * settings.tiles[1]
    if not 1 <= settings.labelled <= min(num_tiles, len(settings.actions)):
        most = f"{num_tiles} tiles and {len(settings.actions)} actions"
        raise InputError(
            f"labelled must be from 1 to the number of tiles and actions, got {settings.labelled} of {most}"
        )
    collection = VideosFile(data_root=clips).read()
    paths = find_videos(clips / "videos", [clip.video for clip in collection.videos])
    for name in (*settings.actions, *settings.others):
        if name not in collection.classes:
            raise InputError(f"{clips}: has no class {name!r}, only {', '.join(collection.classes)}")
    rng, scenes = np.random.default_rng(settings.seed), []
    total = sum(settings.videos) * len(settings.actions)
    with progress_bar("scenes", total, unit="frames") as bar:
        for split, num_videos in zip(("train", "test"), settings.videos, strict=True):
            by_class = _clips_of(collection, split, settings.test_people)
            for action in settings.actions:
                for number in range(num_videos):
                    name = f"{split}/{action}/{number:03}"
                    bar.show(name)
                    chosen, acting = _choose(rng, by_class, action, settings)
                    if missing := [clip.video for clip in chosen if clip.video not in paths]:
                        raise InputError(f"{clips / 'videos'}: has no video {missing[0]}")
                    scene = _write(out / "videos" / f"{name}.mp4", [paths[clip.video] for clip in chosen], settings)
                    size, num_frames, tile = scene
                    labels = {place: settings.actions.index(name) for place, name in acting.items()}
                    tubes = [
                        tube
                        for place, label in labels.items()
                        for tube in _moved(chosen[place], place, label, num_frames, tile, settings.tiles[0])
                    ]
                    scenes.append(LabelledVideo(name, split, tuple(labels.values()), num_frames, size, tuple(tubes)))
                    bar.advance(num_frames)
    crowd = VideoCollection(f"{collection.name}_crowd", settings.actions, tuple(scenes), actors=collection.actors)
    write_videos_file(out / "annotation.json", crowd)
    return crowd


def _clips_of(
    collection: VideoCollection, split: str, test_people: Sequence[str] | None
) -> dict[str, list[LabelledVideo]]:
    """The clips of a split, by class."""
    by_class: dict[str, list[LabelledVideo]] = {name: [] for name in collection.classes}
    for clip in collection.videos:
        own = clip.split
        if test_people is not None:
            own = "test" if Path(clip.video).name.startswith(tuple(test_people)) else "train"
        if own == split:
            if len(clip.labels) != 1:
                raise InputError(f"{clip.video}: has {len(clip.labels)} labels; a crowd is made of clips of one action")
            by_class[collection.classes[clip.labels[0]]].append(clip)
    return by_class


def _choose(
    rng: Generator, by_class: dict[str, list[LabelledVideo]], action: str, settings: CrowdSettings
) -> tuple[list[LabelledVideo], dict[int, str]]:
    """A clip for each tile, row by row, and the actions of those that give the labels, by their tiles."""
    others = [clip for name in settings.others for clip in by_class[name]]
    num_others = settings.tiles[0] * settings.tiles[1] - settings.labelled
    further = [name for name in settings.actions if name != action]
    acting = [action]
    if settings.labelled > 1:
        acting += [further[index] for index in rng.choice(len(further), settings.labelled - 1, replace=False)]
    for name in acting:
        if not by_class[name] or len(others) < num_others:
            raise InputError(
                f"a scene of {name} needs a clip of it and {num_others} of {', '.join(settings.others)}; a split has "
                f"{len(by_class[name])} and {len(others)}"
            )
    chosen = [(others[index], None) for index in rng.choice(len(others), num_others, replace=False)]
    for name in acting:
        place = int(rng.integers(len(chosen) + 1))
        chosen.insert(place, (by_class[name][rng.integers(len(by_class[name]))], name))
    return [clip for clip, _ in chosen], {place: name for place, (_, name) in enumerate(chosen) if name is not None}


def _write(path: Path, clips: Sequence[Path], settings: CrowdSettings) -> tuple[tuple[int, int], int, tuple[int, int]]:
    """Write a scene; its size, number of frames, and the size of a tile."""
    frames = list(_tiled(clips, settings))
    height, width = frames[0].shape[:2]
    with video_file(path, (width, height), settings.frames_per_second) as write:
        for frame in frames:
            write(frame)
    return (width, height), len(frames), (width // settings.tiles[0], height // settings.tiles[1])


def _tiled(clips: Sequence[Path], settings: CrowdSettings) -> Iterator[np.ndarray]:
    columns, rows = settings.tiles
    for _, tiles in zip(range(settings.max_frames), zip(*map(open_video, clips), strict=False), strict=False):
        if len({tile.shape for tile in tiles}) > 1:
            raise InputError(f"{clips[0]}: the clips of a scene differ in size: {[tile.shape[:2] for tile in tiles]}")
        yield np.concatenate([np.concatenate(tiles[row * columns :][:columns], axis=1) for row in range(rows)])


def _moved(
    clip: LabelledVideo, place: int, label: int, num_frames: int, tile: tuple[int, int], columns: int
) -> tuple[Tube, ...]:
    """The clip's tubes where its tile is, cut off where the scene ends."""
    row, column = divmod(place, columns)
    offset = np.float32([column * tile[0], row * tile[1]] * 2)
    moved = []
    for tube in clip.tubes or ():
        if (length := min(len(tube), num_frames - tube.start)) > 0:
            boxes, scores = tube.boxes[:length] + offset, tube.scores[:length]
            moved.append(replace(tube, boxes=boxes, scores=scores, label=label, annotated=None))
    return tuple(moved)

"""A folder ``class/video.mp4``: labels are the names of folders, and nobody marked anything."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from actorsup.datasets.video_files import find_videos, strip_suffix
from actorsup.errors import InputError
from actorsup.io.video_reader import IMAGE_SUFFIXES

from .collection import LabelledVideo, VideoCollection
from .conversion import Conversion, enumeration
from .split_list import read_names


def convert_folder(
    videos: str | Path,
    name: str | None = None,
    test_list: str | Path | None = None,
    test_share: float | None = None,
    seed: int = 0,
) -> Conversion:
    """The videos in the folders of a folder, labelled with the folder's name.

    All are for training, or a list or a share of them is for testing.

    Args:
        videos: the folder of the classes; in each, video files and folders of frames.
        name: of the data set; None takes the folder's.
        test_list: a line ``class/video``, with or without suffix, for each video that is for testing.
        test_share: how many of each class are drawn for testing, from 0 to 1; at least one of a class of several, and
            never all.
        seed: of the draw: the same one draws the same videos, whatever order the disk lists them in.

    Raises:
        InputError: naming folder, file and value, if there is no video, a name cannot be used, or the choice for
            testing makes no sense.
    """
    videos = Path(videos)
    if not videos.is_dir():
        raise InputError(f"{videos}: no such folder; a folder for each class belongs there, with its videos")
    if test_list is not None and test_share is not None:
        raise InputError("choose the videos for testing by test_list or by test_share, not by both")
    if test_share is not None and not 0 < test_share < 1:
        raise InputError(f"test_share must be between 0 and 1, got {test_share}")
    by_class, unused = {}, []
    for folder in sorted(path for path in videos.iterdir() if not path.name.startswith(".")):
        found = _videos_in(folder, unused) if folder.is_dir() else []
        if found:
            by_class[folder.name] = found
        else:
            unused.append(folder.name)
    if not by_class:
        raise InputError(f"{videos}: holds no class/video")
    every = [video for found in by_class.values() for video in found]
    test = set() if test_list is None else _listed(test_list, every)
    if test_share is not None:
        generator = np.random.default_rng(seed)
        for found in by_class.values():
            count = int(np.clip(round(test_share * len(found)), 1, max(len(found) - 1, 0))) if len(found) > 1 else 0
            test |= {found[place] for place in generator.permutation(len(found))[:count]}
    classes = tuple(by_class)
    try:
        labelled = tuple(
            LabelledVideo(video, "test" if video in test else "train", label)
            for label, found in enumerate(by_class.values())
            for video in found
        )
        collection = VideoCollection(name or videos.resolve().name, classes, labelled)
    except ValueError as error:
        raise InputError(f"{videos}: {error}") from error
    notes = [enumeration(len(unused), "files and folders hold no video and are left out", unused)] if unused else []
    return Conversion(collection, tuple(notes))


def _videos_in(folder: Path, unused: list[str]) -> list[str]:
    """Names ``class/video`` of what is a video in the folder of a class, sorted; what is none goes to ``unused``."""
    entries = {
        entry: f"{folder.name}/{strip_suffix(entry) if (folder / entry).is_file() else entry}"
        for entry in os.listdir(folder)
        if not entry.startswith(".")
    }
    there = find_videos(folder.parent, entries.values())
    found = {video for video, path in there.items() if path.is_file() or _holds_frames(path)}
    unused += sorted(f"{folder.name}/{entry}" for entry, video in entries.items() if video not in found)
    return sorted(found)


def _holds_frames(folder: Path) -> bool:
    return any(path.suffix.lower() in IMAGE_SUFFIXES for path in folder.iterdir())


def _listed(path: str | Path, known: Sequence[str]) -> set[str]:
    names = {strip_suffix(line) for line in read_names(path)}
    if unknown := sorted(names - set(known)):
        raise InputError(f"{path}: {unknown[0]!r} is none of the {len(known)} videos, such as {known[0]!r}")
    return names

"""Where the videos of a data set are on disk."""

import os
import posixpath
from collections.abc import Iterable
from pathlib import Path

from actorsup.errors import InputError

VIDEO_SUFFIXES = (".avi", ".mp4", ".mkv", ".webm", ".mov")
# Ranks of what has no suffix of a video; those that have one come first.
_FRAME_FOLDER = len(VIDEO_SUFFIXES)
_NO_VIDEO = _FRAME_FOLDER + 1


def find_videos(root: Path, names: Iterable[str]) -> dict[str, Path]:
    """The file, or folder of frames, of each video that is there.

    Every folder is listed once, however many videos it holds. A video that is there several times is taken as the first
    of ``.avi .mp4 .mkv .webm .mov``, then folder of frames.

    Args:
        root: the folder that the names are relative to.
        names: ``Class/video``, without suffix.
    """
    wanted = set(names)
    found: dict[str, Path] = {}
    for folder in sorted({posixpath.dirname(name) for name in wanted}):
        if not (root / folder).is_dir():
            continue
        with os.scandir(root / folder) as entries:
            candidates = sorted((*_rank_and_stem(entry), entry.name) for entry in entries)
        for rank, stem, file_name in candidates:
            name = posixpath.join(folder, stem)
            if rank != _NO_VIDEO and name in wanted:
                found.setdefault(name, root / folder / file_name)
    return found


def only_video(folder: Path) -> Path:
    """The one video file in a folder, or the folder where there is none: it has the frames then.

    Raises:
        InputError: if there are several.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in VIDEO_SUFFIXES)
    if len(files) > 1:
        raise InputError(f"{folder}: expected one video file, found {', '.join(path.name for path in files)}")
    return files[0] if files else folder


def strip_suffix(name: str) -> str:
    """The name of a video without the suffix of a video file, where it has one."""
    stem, suffix = posixpath.splitext(name)
    return stem if suffix.lower() in VIDEO_SUFFIXES else name


def _rank_and_stem(entry: os.DirEntry) -> tuple[int, str]:
    """How much an entry is preferred (less is more) and the name of the video it would be."""
    if entry.is_dir():
        return _FRAME_FOLDER, entry.name
    stem, suffix = os.path.splitext(entry.name)
    suffix = suffix.lower()
    return (VIDEO_SUFFIXES.index(suffix) if suffix in VIDEO_SUFFIXES else _NO_VIDEO), stem

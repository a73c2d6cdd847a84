"""Where the videos of a dataset are on disk, and what they are."""

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from actorsup.errors import InputError
from actorsup.io import FrameFolderReader, open_video
from actorsup.io.video_reader import is_image

# What FFmpeg reads and people bring; of a video that is there several times, the first is taken.
# fmt: off
VIDEO_SUFFIXES = (
    ".avi", ".mp4", ".mkv", ".webm", ".mov", ".m4v", ".mpg", ".mpeg", ".wmv", ".asf", ".flv", ".3gp", ".ts", ".mts",
    ".m2ts", ".ogv", ".vob", ".gif",
)
# fmt: on


def find_videos(root: Path, names: Iterable[str]) -> dict[str, Path]:
    """The file, or folder of frames, below ``root`` of each video ``Class/video`` that is there.

    Of several the first of ``VIDEO_SUFFIXES`` is taken, a folder of frames last. Each folder is listed once.
    """
    wanted = set(names)
    found: dict[str, Path] = {}
    for folder in sorted({posixpath.dirname(name) for name in wanted}):
        if (root / folder).is_dir():
            for _, stem, file_name in sorted(_candidates(root / folder)):
                if (name := posixpath.join(folder, stem)) in wanted:
                    found.setdefault(name, root / folder / file_name)
    return found


def _candidates(folder: Path) -> Iterator[tuple[int, str, str]]:
    """Rank, lowest first, name of the video and name of the file of each entry that may be a video."""
    with os.scandir(folder) as entries:
        for entry in entries:
            stem, suffix = os.path.splitext(entry.name)
            if entry.name.startswith("."):
                continue
            if _is_folder(entry):
                yield len(VIDEO_SUFFIXES), entry.name, entry.name
            elif suffix.lower() in VIDEO_SUFFIXES:
                yield VIDEO_SUFFIXES.index(suffix.lower()), stem, entry.name


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # of links in a circle
        return False


def only_video(folder: Path) -> Path:
    """The one video file in a folder, or the folder where there is none; an ``InputError`` if there are several."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in VIDEO_SUFFIXES)
    if len(files) > 1:
        raise InputError(f"{folder}: expected one video file, found {', '.join(path.name for path in files)}")
    return files[0] if files else folder


def strip_suffix(name: str) -> str:
    """The name of a video without the suffix of a video file, where it has one."""
    stem, suffix = posixpath.splitext(name)
    return stem if suffix.lower() in VIDEO_SUFFIXES else name


def holds_frames(folder: Path) -> bool:
    """Whether an image is in a folder."""
    return any(map(is_image, folder.iterdir()))


def frame_size(path: str | Path, reader: Mapping | None = None) -> tuple[int, int]:
    """``(width, height)`` of the first frame."""
    height, width = next(iter(open_video(path, reader))).shape[:2]
    return width, height


def measure(path: Path) -> tuple[int, tuple[int, int]]:
    """Number of frames and ``frame_size``; a video file is decoded to its end."""
    video = open_video(path)
    num_frames = len(video.files) if isinstance(video, FrameFolderReader) else sum(1 for _ in video)
    return num_frames, frame_size(path)

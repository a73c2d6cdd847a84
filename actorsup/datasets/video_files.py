"""Where the videos of a dataset are on disk, and what they are."""

import os
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from actorsup.errors import InputError
from actorsup.io import FrameFolderReader, open_video
from actorsup.io.video_reader import IMAGE_SUFFIXES, is_image

# What FFmpeg reads and people bring; of a video that is there several times, the first is taken.
# fmt: off
VIDEO_SUFFIXES = (
    ".avi", ".mp4", ".mkv", ".webm", ".mov", ".m4v", ".mpg", ".mpeg", ".wmv", ".asf", ".flv", ".3gp", ".ts", ".mts",
    ".m2ts", ".ogv", ".vob", ".gif",
)
# fmt: on

# Why something in a folder of videos is none.
HIDDEN = "hidden"
OTHER_SUFFIX = f"without a suffix of a video ({', '.join(VIDEO_SUFFIXES)})"
FRAME = "frames, which belong into a folder for each video"
NO_FILE = "no files, perhaps broken links"
NO_FRAME = "folders without a frame"
TOO_DEEP = "folders with something deeper inside"
SAME_NAME = "of the name of another file, which is used"


def find_videos(root: Path, names: Iterable[str]) -> dict[str, Path]:
    """The file, or folder of frames, below ``root`` of each video ``Class/video`` that is there.

    Of several the first of ``VIDEO_SUFFIXES`` is taken, a folder of frames last; a folder has no suffix, and one like
    ``run.mov`` is ``run`` only where nothing else is. Each folder is listed once.

    Raises:
        InputError: if a video is named by the whole name of its file.
    """
    wanted = set(names)
    found: dict[str, Path] = {}
    for folder in sorted({posixpath.dirname(name) for name in wanted}):
        if (root / folder).is_dir():
            for rank, stem, file_name in sorted(_candidates(root / folder)):
                if (name := posixpath.join(folder, stem)) in wanted:
                    found.setdefault(name, root / folder / file_name)
                if rank < len(VIDEO_SUFFIXES) and posixpath.join(folder, file_name) in wanted - found.keys():
                    raise InputError(f"{root / folder / file_name}: is listed with its suffix; list it as {name}")
    return found


def videos_in(folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """The videos in a folder by name, and why each other entry is none; hidden files are told of if they are videos."""
    found: dict[str, Path] = {}
    unused: dict[str, str] = {}
    for rank, name, file_name in sorted(_candidates(folder)):
        path = folder / file_name
        if rank == len(VIDEO_SUFFIXES) and not holds_frames(path):
            unused[file_name] = TOO_DEEP if _holds_something_deep(path) else NO_FRAME
        elif rank <= len(VIDEO_SUFFIXES) and found.setdefault(name, path) != path:
            unused[file_name] = SAME_NAME
    used = {path.name for path in found.values()} | unused.keys()
    with os.scandir(folder) as entries:
        unused |= {entry.name: reason for entry in entries if entry.name not in used and (reason := _why_none(entry))}
    return found, dict(sorted(unused.items()))


def _candidates(folder: Path) -> Iterator[tuple[int, str, str]]:
    """Rank, lowest first, name of the video and name of the file of each entry that may be a video."""
    with os.scandir(folder) as entries:
        for entry in entries:
            stem, suffix = os.path.splitext(entry.name)
            if entry.name.startswith("."):
                continue
            is_named_so = suffix.lower() in VIDEO_SUFFIXES
            is_folder, is_file = _kind(entry)
            if is_folder:
                yield len(VIDEO_SUFFIXES), entry.name, entry.name
                if is_named_so:  # by a list whose names have suffixes
                    yield len(VIDEO_SUFFIXES) + 1, stem, entry.name
            elif is_named_so and is_file:
                yield VIDEO_SUFFIXES.index(suffix.lower()), stem, entry.name


def _kind(entry: os.DirEntry) -> tuple[bool, bool]:
    """Whether it is a folder, and whether it is a file."""
    try:
        return entry.is_dir(), entry.is_file()
    except OSError:  # of links in a circle
        return False, False


def _why_none(entry: os.DirEntry) -> str | None:
    suffix = os.path.splitext(entry.name)[1].lower()
    if entry.name.startswith("."):
        return HIDDEN if suffix in VIDEO_SUFFIXES else None
    if suffix in VIDEO_SUFFIXES:
        return NO_FILE
    return FRAME if suffix in IMAGE_SUFFIXES else OTHER_SUFFIX


def _holds_something_deep(folder: Path) -> bool:
    return any(path.is_dir() or path.suffix.lower() in VIDEO_SUFFIXES for path in folder.iterdir())


def why_missing(root: Path, names: Iterable[str]) -> dict[str, str]:
    """What is nearly there of videos ``Class/video`` that ``find_videos`` does not find below ``root``, by name."""
    by_folder = {
        folder: videos_in(root / folder) for folder in set(map(posixpath.dirname, names)) if (root / folder).is_dir()
    }
    reasons = {}
    for name in names:
        folder, stem = posixpath.split(name)
        found, unused = by_folder.get(folder, ({}, {}))
        alike = [f"{other}, {why}" for other, why in unused.items() if stem in (other, os.path.splitext(other)[0])]
        alike += [path.name for other, path in found.items() if other.casefold() == stem.casefold()]
        if alike:
            reasons[name] = f"there is {alike[0]}"
    return reasons


def only_video(folder: Path) -> Path:
    """The one video file in a folder, or the folder where there is none; an ``InputError`` if there are several."""
    files = sorted(folder / name for rank, _, name in _candidates(folder) if rank < len(VIDEO_SUFFIXES))
    if len(files) > 1:
        raise InputError(f"{folder}: expected one video file, found {', '.join(path.name for path in files)}")
    return files[0] if files else folder


def strip_suffix(name: str) -> str:
    """The name of a video file without its suffix, where it has one; a folder of frames has none to strip."""
    stem, suffix = posixpath.splitext(name)
    return stem if suffix.lower() in VIDEO_SUFFIXES else name


def video_name(path: Path) -> str:
    """What a video is called: its file without suffix, or its folder."""
    return path.name if path.is_dir() else path.stem


def holds_frames(folder: Path) -> bool:
    """Whether an image is in a folder."""
    return any(is_image(path) and path.is_file() for path in folder.iterdir())


def frame_size(path: str | Path, reader: Mapping | None = None) -> tuple[int, int]:
    """``(width, height)`` of the first frame."""
    height, width = next(iter(open_video(path, reader))).shape[:2]
    return width, height


def measure(path: Path) -> tuple[int, tuple[int, int]]:
    """Number of frames and ``frame_size``; a video file is decoded to its end."""
    video = open_video(path)
    num_frames = len(video.files) if isinstance(video, FrameFolderReader) else sum(1 for _ in video)
    return num_frames, frame_size(path)


def videos_like(path: Path, names: Iterable[str]) -> list[str]:
    """The names that end like a path, with or without suffix; of several the one whose folder is the same."""
    by_ending = defaultdict(list)
    for name in names:
        by_ending[PurePosixPath(name).name].append(name)
    alike = by_ending[video_name(path)] or by_ending[path.name] or by_ending[path.stem]
    beside = [name for name in alike if PurePosixPath(name).parent.name == path.resolve().parent.name]
    return beside if len(beside) == 1 else alike

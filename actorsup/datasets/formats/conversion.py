"""What converting a dataset gives, and how it is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actorsup.errors import InputError
from actorsup.io import FrameFolderReader, open_video

from .act import read_act_pickle, write_act_pickle
from .collection import VideoCollection
from .videos_file import read_videos_file, write_videos_file


@dataclass(frozen=True, eq=False)
class Conversion:
    """A data set, and what people should know of how it came about.

    Args:
        collection: the videos.
        notes: sentences; each names what was left out or is in doubt.
    """

    collection: VideoCollection
    notes: tuple[str, ...] = ()


def enumeration(count: int, what: str, names: Sequence[str], most: int = 20) -> str:
    """``3 videos have no tube: a, b, c``."""
    return f"{count} {what}: {', '.join(names[:most])}" + (" and others" if len(names) > most else "")


def frame_size(path: Path) -> tuple[int, int]:
    """``(width, height)`` of the first frame.

    Raises:
        VideoError: if it cannot be read.
    """
    height, width = next(iter(open_video(path))).shape[:2]
    return width, height


def measure(path: Path) -> tuple[int, tuple[int, int]]:
    """Number of frames and ``(width, height)``; a video file is decoded to its end.

    Raises:
        VideoError: if it cannot be read.
    """
    video = open_video(path)
    num_frames = len(video.files) if isinstance(video, FrameFolderReader) else sum(1 for _ in video)
    return num_frames, frame_size(path)


SUFFIXES = (".json", ".json.gz")


def convert_act(path: str | Path, split: int = 1) -> Conversion:
    """One split of a pickle of ACT-detector's layout; see ``read_act_pickle``."""
    return Conversion(read_act_pickle(path, split))


def write_conversion(out: str | Path, conversion: Conversion) -> None:
    """Write the annotation file of a converted data set.

    Raises:
        InputError: if the name ends neither in ``.json`` nor in ``.json.gz``.
    """
    if not str(out).endswith(SUFFIXES):
        raise InputError(f"{out}: an annotation file is named …{' or …'.join(SUFFIXES)}")
    write_videos_file(out, conversion.collection)


def write_act(out: str | Path, path: str | Path) -> None:
    """Write an annotation file as a pickle of ACT-detector's layout; see ``write_act_pickle``.

    Raises:
        InputError: naming file, video and value, if the annotation file is wrong, or lacks what that layout needs.
    """
    write_act_pickle(out, read_videos_file(path))


def split_counts(collection: VideoCollection) -> list[dict]:
    """Videos, annotated videos and tubes by class and split, and in all: rows for ``print_table``."""
    rows = []
    for label, name in [*enumerate(collection.classes), (None, "all")]:
        row: dict[str, str | int] = {"class": name}
        for split in collection.splits:
            videos = [video for video in collection.videos if video.split == split]
            tubes = [tube for video in videos for tube in video.tubes or ()]
            own = [video for video in videos if label in (None, video.label)]
            row[f"{split}: videos"] = len(own)
            row[f"{split}: annotated"] = sum(video.tubes is not None for video in own)
            row[f"{split}: tubes"] = sum(label in (None, tube.label) for tube in tubes)
        rows.append(row)
    return rows

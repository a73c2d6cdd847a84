"""UCF-Sports: the release's 13 groups of clips as 10 classes, with a tube a clip.

Box files of UCF-Sports: ``…/<group>/<clip>/gt/<frame>.txt``, one a frame, with ``x y w h label``.

Pixels are counted from 1; tabs or spaces separate them. The label is often wrong: the group says what the action is.
"""

import lzma
import re
import tarfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from actorsup.datasets.video_files import only_video
from actorsup.errors import InputError
from actorsup.io.video_reader import IMAGE_SUFFIXES, FrameFolderReader
from actorsup.structures import Tube

from .collection import LabelledVideo, VideoCollection
from .conversion import Conversion, enumeration, measure
from .fields import tube_of_frames
from .split_list import read_names

LINE = re.compile(r"\s*(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})(\s.*)?", re.DOTALL | re.ASCII)

# The 13 groups and the 10 classes that the literature makes of them.
CLASS_OF_GROUP = {
    "Diving-Side": "Diving",
    "Golf-Swing-Back": "Golf-Swing",
    "Golf-Swing-Front": "Golf-Swing",
    "Golf-Swing-Side": "Golf-Swing",
    "Kicking-Front": "Kicking",
    "Kicking-Side": "Kicking",
    "Lifting": "Lifting",
    "Riding-Horse": "Riding-Horse",
    "Run-Side": "Run",
    "SkateBoarding-Front": "SkateBoarding",
    "Swing-Bench": "Swing-Bench",
    "Swing-SideAngle": "Swing-Side",
    "Walk-Front": "Walk",
}


class BoxFile(NamedTuple):
    """A box file that was not parsed yet.

    Args:
        path: of the file, in the folder or the archive.
        text: what it holds.
    """

    path: str
    text: str

    @property
    def frame(self) -> str:
        """Name of the frame, without any suffix."""
        return PurePosixPath(self.path).name.split(".")[0]

    def box(self) -> np.ndarray:
        """``(4,)``, ``(x1, y1, x2, y2)`` in continuous pixels; NaN where width or height is 0.

        Raises:
            ValueError: naming file and text, if it holds anything else than a box.
        """
        match = LINE.fullmatch(self.text)
        if match is None:
            raise ValueError(f"{self.path}: expected 'x y w h label', got {self.text[:80]!r}")
        x, y, width, height = (float(number) for number in match.groups()[:4])
        if width == 0 or height == 0:
            return np.full(4, np.nan)
        return np.array([x - 1, y - 1, x - 1 + width, y - 1 + height])


def read_box_files(annotations: Path) -> dict[str, list[BoxFile]]:
    """The box files of every clip ``group/clip``, in the order of their names.

    Args:
        annotations: folder of the groups, or a ``.tar`` or ``.tar.gz`` that holds it, which is read as it is.

    Raises:
        InputError: if it is neither.
    """
    clips: dict[str, list[BoxFile]] = defaultdict(list)
    for path, text in sorted(_box_files(annotations)):
        clips["/".join(path.parts[-4:-2])].append(BoxFile(str(path), text))
    return dict(sorted(clips.items()))


def _box_files(annotations: Path) -> Iterator[tuple[PurePosixPath, str]]:
    """Path and text of every ``…/gt/….txt`` in a folder or archive."""
    if annotations.is_dir():
        for path in annotations.glob("*/*/gt/*.txt"):
            yield PurePosixPath(path.as_posix()), path.read_text(errors="replace")
        return
    try:
        with tarfile.open(annotations) as archive:
            for member in archive:
                path = PurePosixPath(member.name)
                if member.isfile() and path.suffix == ".txt" and path.parent.name == "gt" and len(path.parts) >= 4:
                    yield path, archive.extractfile(member).read().decode(errors="replace")
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, tarfile.TarError) as error:
        raise InputError(f"{annotations}: is neither a folder nor a readable .tar ({error})") from error


CLASSES = tuple(dict.fromkeys(CLASS_OF_GROUP.values()))
NUM_CLIPS = 150
MISSING_SHARE = 0.1  # more boxes than that without a frame: the video is another one


def convert_ucf_sports(
    videos: str | Path,
    annotations: str | Path | None = None,
    train_list: str | Path | None = None,
    test_list: str | Path | None = None,
    missing_videos: str = "error",
) -> Conversion:
    """The clips ``<group>/<clip>`` of a folder: frames, or one video file in each.

    Boxes belong to the frames of the same name where the frames have names, else to frames in their order. A box
    without area is none: where it lies between others the tube is a sparse one. Sizes are those of the videos.

    Args:
        videos: folder of the groups.
        annotations: see ``read_box_files``; None looks beside the frames, where the release has them.
        train_list: lines ``…/group/clip``. None, for both lists, takes the first third of each class, in the order of
            names, for testing: the split that the literature uses, 103 and 47 clips.
        test_list: likewise.
        missing_videos: ``'error'``, or ``'skip'`` to leave out clips without a video.

    Raises:
        InputError: naming file and value, if a box, a group or a list is wrong, or videos are missing.
    """
    if missing_videos not in ("error", "skip"):
        raise InputError(f"missing_videos must be 'error' or 'skip', got {missing_videos!r}")
    videos = Path(videos)
    annotations = videos if annotations is None else Path(annotations)
    clips = read_box_files(annotations)
    if not clips:
        raise InputError(f"{annotations}: holds no <group>/<clip>/gt/<frame>.txt")
    if unknown := [clip for clip in clips if clip.split("/")[0] not in CLASS_OF_GROUP]:
        raise InputError(f"{annotations}: clip {unknown[0]}: its group is none of {', '.join(CLASS_OF_GROUP)}")
    splits = first_third(clips) if train_list is None and test_list is None else _listed(train_list, test_list, clips)
    notes = [] if len(clips) == NUM_CLIPS else [f"{annotations} has {len(clips)} clips, the release {NUM_CLIPS}"]
    notes += _left_out("clips are in no list and left out", [clip for clip in clips if clip not in splits])
    absent = [clip for clip in splits if not (videos / clip).is_dir()]
    if absent and missing_videos == "error":
        raise InputError(
            f"{videos}: {enumeration(len(absent), 'clips are missing', absent, most=5)}; "
            "missing_videos='skip' leaves them out"
        )
    notes += _left_out(f"clips are not in {videos} and left out", absent)
    empty, converted = [], []
    for clip, split in splits.items():
        if clip not in absent:
            converted.append(_convert_clip(clip, split, videos / clip, clips[clip], annotations, notes))
            empty += [file.path for file in clips[clip] if np.isnan(file.box()).any()]
    notes += _left_out("boxes have no area and are taken for none", empty)
    actors = ("person",)
    collection = VideoCollection("ucf_sports", CLASSES, tuple(converted), actors * len(CLASSES), actors)
    return Conversion(collection, tuple(notes))


def class_of(clip: str) -> str:
    """The class of a clip ``group/clip``."""
    return CLASS_OF_GROUP[clip.split("/")[0]]


def first_third(clips: Iterable[str]) -> dict[str, str]:
    """``test`` for the first third of the clips of each class, rounded down, in the order of names; else ``train``."""
    clips = sorted(clips)
    num_test = {name: count // 3 for name, count in Counter(map(class_of, clips)).items()}
    seen: Counter[str] = Counter()
    splits = {}
    for clip in clips:
        seen[class_of(clip)] += 1
        splits[clip] = "test" if seen[class_of(clip)] <= num_test[class_of(clip)] else "train"
    return splits


def _listed(train_list: str | Path | None, test_list: str | Path | None, known: Iterable[str]) -> dict[str, str]:
    splits: dict[str, str] = {}
    for path, split in ((train_list, "train"), (test_list, "test")):
        for line in () if path is None else read_names(path):
            clip = "/".join(PurePosixPath(line).parts[-2:])
            if clip not in known or clip in splits:
                reason = "was listed before" if clip in splits else "there is no such annotated clip"
                raise InputError(f"{path}: {line!r}: {reason}")
            splits[clip] = split
    return splits


def _left_out(what: str, names: Sequence[str]) -> list[str]:
    return [enumeration(len(names), what, names)] if names else []


def _convert_clip(
    clip: str, split: str, folder: Path, files: Sequence[BoxFile], annotations: Path, notes: list[str]
) -> LabelledVideo:
    """One clip; says in ``notes`` what is in doubt."""
    has_frames = any(path.suffix.lower() in IMAGE_SUFFIXES for path in folder.iterdir())
    path = folder if has_frames else only_video(folder)
    num_frames, size = measure(path)
    try:
        frames = _frames_of(files, path)
        order = np.argsort(frames)
        frames, boxes = frames[order], np.stack([file.box() for file in files])[order]
        beyond = frames >= num_frames
        if beyond.sum() > MISSING_SHARE * len(files):
            raise ValueError(f"has {len(files)} boxes, but {path} only {num_frames} frames: is it the right video?")
        if len(files) != num_frames:
            notes.append(f"{clip}: {num_frames} frames, {len(files)} of them with a box file; {path}")
        good = ~beyond & ~np.isnan(boxes).any(axis=1)
        label = CLASSES.index(class_of(clip))
        tubes: tuple[Tube, ...] = (tube_of_frames(frames[good], boxes[good], label),) if good.any() else ()
        name = clip if path == folder else f"{clip}/{path.stem}"
        return LabelledVideo(name, split, label, num_frames, size, tubes)
    except ValueError as error:
        raise InputError(f"{annotations}: clip {clip}: {error}") from error


def _frames_of(files: Sequence[BoxFile], path: Path) -> np.ndarray:
    """The frame of each box file: that of its name, or, where not all have one, the one at its place."""
    if path.is_dir():
        places = {file.name.split(".")[0]: place for place, file in enumerate(FrameFolderReader(path).files)}
        if all(file.frame in places for file in files):
            return np.array([places[file.frame] for file in files])
    return np.arange(len(files))

"""UCF-Sports: the release's 13 groups of clips as 10 classes, with a tube a clip.

``…/<group>/<clip>/gt/<frame>.txt`` has the box of a frame: ``x y w h label``, pixels counted from 1, separated by tabs
or spaces. The label is often wrong: the group says what the action is.
"""

import lzma
import re
import tarfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from actorsup.datasets.video_files import holds_frames, measure, only_video
from actorsup.errors import InputError
from actorsup.io import FrameFolderReader
from actorsup.io.reading import naming, read_lines
from actorsup.registry import DATASET_FORMATS

from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .reading import enumeration, notes_of, tube_of_frames

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
CLASSES = tuple(dict.fromkeys(CLASS_OF_GROUP.values()))
NUM_CLIPS = 150
MAX_TEXT = 1000  # of a box file, which is one line
MISSING_SHARE = 0.1  # a larger share of boxes without a frame: the video is another one


@DATASET_FORMATS.register_module()
@dataclass(frozen=True)
class UCFSports(DatasetFormat):
    """The clips ``<group>/<clip>`` of a folder: frames, or one video file in each.

    Boxes belong to the frames of the same name, or, where frames have no names, to those in the same order. A box
    without area is none: the tube is sparse there. Every video is read to its end.

    Args:
        ann_file: see ``read_box_files``; the release has them beside the frames.
        videos: folder of the groups.
        train_list, test_list: lines ``…/group/clip``. Without lists, the first third of each class, in the order of
            names, is for testing: the split that the literature uses, 103 and 47 clips.
        missing_videos: ``'error'``, or ``'skip'`` to leave out clips without a video.
    """

    ann_file: str | Path = "videos"
    videos: str | Path = "videos"
    train_list: str | Path | None = None
    test_list: str | Path | None = None
    missing_videos: str = "error"

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        if self.missing_videos not in ("error", "skip"):
            raise InputError(f"missing_videos must be 'error' or 'skip', got {self.missing_videos!r}")
        folder = self.below_root(self.videos)
        if not (clips := read_box_files(self.path)):
            raise ValueError("holds no <group>/<clip>/gt/<frame>.txt")
        if unknown := [clip for clip in clips if clip.split("/")[0] not in CLASS_OF_GROUP]:
            raise ValueError(f"clip {unknown[0]}: its group is none of {', '.join(CLASS_OF_GROUP)}")
        split_of = first_third(clips) if self.train_list is self.test_list is None else self._listed(clips)
        absent = [clip for clip in split_of if not (folder / clip).is_dir()]
        if absent and self.missing_videos == "error":
            missing = enumeration("clips are missing", absent, most=5)
            raise InputError(f"{folder}: {missing}; missing_videos='skip' leaves them out")
        notes = [] if len(clips) == NUM_CLIPS else [f"{self.path} has {len(clips)} clips, the release {NUM_CLIPS}"]
        unlisted = [clip for clip in clips if clip not in split_of]
        notes += notes_of({"clips are in no list and left out": unlisted})
        notes += notes_of({f"clips are not in {folder} and left out": absent})
        empty, videos = [], []
        for clip, split in split_of.items():
            if clip not in absent:
                with naming(f"clip {clip}"):
                    videos.append(_read_clip(clip, split, folder / clip, clips[clip], notes))
                empty += [file.path for file in clips[clip] if np.isnan(file.box()).any()]
        notes += notes_of({"boxes have no area and are taken for none": empty})
        class_actors = ("person",) * len(CLASSES)
        return VideoCollection("ucf_sports", CLASSES, tuple(videos), class_actors, ("person",), tuple(notes))

    def _listed(self, known: Mapping) -> dict[str, str]:
        splits: dict[str, str] = {}
        for name, split in ((self.train_list, "train"), (self.test_list, "test")):
            for _, line in () if name is None else read_lines(self.below_root(name)):
                clip = "/".join(PurePosixPath(line).parts[-2:])
                if clip not in known or clip in splits:
                    reason = "was listed before" if clip in splits else "there is no such annotated clip"
                    raise InputError(f"{self.below_root(name)}: {line!r}: {reason}")
                splits[clip] = split
        return splits


class BoxFile(NamedTuple):
    """The path, in the folder or archive, and the text of a box file."""

    path: str
    text: str

    @property
    def frame(self) -> str:
        """Name of the frame, without any suffix."""
        return PurePosixPath(self.path).name.split(".")[0]

    def box(self) -> np.ndarray:
        """``(x1, y1, x2, y2)`` in continuous pixels; NaN where width or height is 0."""
        match = LINE.fullmatch(self.text)
        if match is None:
            raise ValueError(f"{self.path}: expected 'x y w h label', got {self.text[:80]!r}")
        x, y, width, height = map(float, match.groups()[:4])
        return np.array([x - 1, y - 1, x - 1 + width, y - 1 + height]) if width and height else np.full(4, np.nan)


def read_box_files(annotations: Path) -> dict[str, list[BoxFile]]:
    """The box files of every clip ``group/clip``, in the order of their names.

    They are read from the folder of the groups, or from a ``.tar`` or ``.tar.gz`` of it.
    """
    clips: dict[str, list[BoxFile]] = defaultdict(list)
    for path, text in sorted(_box_files(annotations)):
        clips["/".join(path.parts[-4:-2])].append(BoxFile(str(path), text))
    return dict(sorted(clips.items()))


def _box_files(annotations: Path) -> Iterator[tuple[PurePosixPath, str]]:
    """Path and text of every ``…/gt/….txt`` in a folder or archive."""
    if annotations.is_dir():
        for path in annotations.glob("*/*/gt/*.txt"):
            with open(path, errors="replace") as file:
                yield PurePosixPath(path.as_posix()), file.read(MAX_TEXT)
        return
    try:
        with tarfile.open(annotations) as archive:
            for member in archive:
                path = PurePosixPath(member.name)
                if member.isfile() and path.match("*/*/gt/*.txt"):
                    yield path, archive.extractfile(member).read(MAX_TEXT).decode(errors="replace")
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, tarfile.TarError) as error:
        raise InputError(f"{annotations}: is neither a folder nor a readable .tar ({error})") from error


def class_of(clip: str) -> str:
    """The class of a clip ``group/clip``."""
    return CLASS_OF_GROUP[clip.split("/")[0]]


def first_third(clips: Iterable[str]) -> dict[str, str]:
    """``test`` for the first third of the clips of each class, rounded down, in the order of names; else ``train``."""
    of_class: dict[str, list[str]] = defaultdict(list)
    for clip in sorted(clips):
        of_class[class_of(clip)].append(clip)
    test = {clip for of_one in of_class.values() for clip in of_one[: len(of_one) // 3]}
    return {clip: "test" if clip in test else "train" for clip in sorted(clips)}


def _read_clip(clip: str, split: str, folder: Path, files: Sequence[BoxFile], notes: list[str]) -> LabelledVideo:
    """One clip; adds what is in doubt to ``notes``."""
    path = folder if holds_frames(folder) else only_video(folder)
    num_frames, size = measure(path)
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
    tubes = (tube_of_frames(frames[good], boxes[good], label),) if good.any() else ()
    name = clip if path == folder else f"{clip}/{path.stem}"
    return LabelledVideo(name, split, (label,), num_frames, size, tubes)


def _frames_of(files: Sequence[BoxFile], path: Path) -> np.ndarray:
    """The frame of each box file: that of its name, or, where not all have one, its place."""
    if path.is_dir():
        places = {file.name.split(".")[0]: place for place, file in enumerate(FrameFolderReader(path).files)}
        if all(file.frame in places for file in files):
            return np.array([places[file.frame] for file in files])
    return np.arange(len(files))

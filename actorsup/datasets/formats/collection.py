"""What every format gives: the videos of a dataset, their labels and true tubes."""

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np

from actorsup.errors import InputError, MissingSplitError
from actorsup.io.reading import is_one_line, naming, require
from actorsup.structures import Tube
from actorsup.structures.tube import require_within

from .reading import MAX_COORDINATE, MAX_FRAMES, notes_of, require_label

MAX_NAME = 230  # bytes; file systems take 255, and suffixes are appended
SPLITS = ("train", "test")  # that configs read
ALL = -1  # in a counter of labels: the number in all, where it is not their sum
WITHOUT_SPLIT = {
    "train": "nothing can be learnt from it alone",
    "test": "a model can be trained on it, but not tested; `actorsup convert folder` takes --test-list or --test-share",
}


@dataclass(frozen=True, eq=False)
class LabelledVideo:
    """One video of a dataset.

    Args:
        video: path below the folder of the videos, without the suffix of a file; a folder of frames has none.
        split: ``train`` and ``test`` by convention.
        labels: the action classes that it shows, different ones in ascending order; none of a video in which somebody
            looked for actions and found none of the classes.
        num_frames: frames of the video that was annotated; None where unknown.
        size: ``(width, height)`` in whose pixels the tubes are; may be None without tubes.
        tubes: the true tubes, labelled with the action class, with scores of 1; None where nobody marked them, empty
            where somebody looked and found none.
    """

    video: str
    split: str
    labels: tuple[int, ...]
    num_frames: int | None = None
    size: tuple[int, int] | None = None
    tubes: tuple[Tube, ...] | None = None

    def __post_init__(self) -> None:
        path = PurePosixPath(self.video)
        is_below = path.name and not path.is_absolute() and ".." not in path.parts
        if not is_one_line(self.video):
            raise ValueError(
                "the name of a video must be text on one line, in UTF-8 and without control characters, got "
                f"{self.video!r}; rename the file or folder"
            )
        if path.as_posix() != self.video or not is_below:
            raise ValueError(
                f"the name must be a path below the folder of the videos, without '..' or '//', got {self.video!r}"
            )
        if max(len(part.encode()) for part in path.parts) > MAX_NAME:
            raise ValueError(f"no part of the name may be longer than {MAX_NAME} bytes, got {self.video!r}")
        require(self.split, "split", str)
        if not isinstance(self.labels, Iterable):
            raise ValueError(f"labels must be a tuple of the classes that it shows, such as (0,), got {self.labels!r}")
        object.__setattr__(self, "labels", tuple(sorted(self.labels)))
        if (repeated := _repeated(self.labels)) is not None:
            raise ValueError(f"has the label {repeated} several times")
        if self.num_frames is not None and not 1 <= self.num_frames <= MAX_FRAMES:
            raise ValueError(f"num_frames must be from 1 to {MAX_FRAMES}, got {self.num_frames}")
        if self.size is not None and (len(self.size) != 2 or not all(1 <= side < MAX_COORDINATE for side in self.size)):
            raise ValueError(f"size must be the frames' width and height in pixels, got {list(self.size)}")
        if self.tubes and self.size is None:
            raise ValueError("its tubes need the size of the frames in whose pixels they are")
        require_within(self.tubes or (), MAX_FRAMES if self.num_frames is None else self.num_frames)

    def tubes_at(self, size: tuple[int, int]) -> tuple[Tube, ...]:
        """The true tubes in pixels of a copy of the video whose frames have ``size = (width, height)``."""
        if tuple(size) == self.size or not self.tubes:
            return self.tubes or ()
        scale = np.array(size, np.float32) / np.array(self.size, np.float32)
        return tuple(replace(tube, boxes=tube.boxes * np.tile(scale, 2)) for tube in self.tubes)


@dataclass(frozen=True, eq=False)
class VideoCollection:
    """The videos of a dataset and what their labels mean.

    Args:
        name: of the dataset.
        classes: different action classes in the order of their labels.
        videos: different ones in the order of the files.
        class_actors: whose action each class is; None where unknown.
        actors: categories of actors that a detector should find; None where unknown.
        notes: sentences about what the reader left out or doubts.
    """

    name: str
    classes: tuple[str, ...]
    videos: tuple[LabelledVideo, ...]
    class_actors: tuple[str, ...] | None = None
    actors: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(self.name, "name", str)
        if not self.classes:
            raise ValueError("'classes' names no class")
        for key, names in (("classes", self.classes), ("actors", self.actors or ())):
            for name in names:
                require(name, f"a name in {key}", str)
            if repeated := _repeated(names):
                raise ValueError(f"{key!r} names {repeated!r} several times")
        if self.class_actors is not None and len(self.class_actors) != len(self.classes):
            raise ValueError(
                f"'class_actors' names {len(self.class_actors)} actors, 'classes' names {len(self.classes)} classes"
            )
        if repeated := _repeated([video.video for video in self.videos]):
            raise ValueError(f"video {repeated}: is there several times")
        for video in self.videos:
            with naming(f"video {video.video}"):
                for label in (*video.labels, *(tube.label for tube in video.tubes or ())):
                    require_label(label, self.classes)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits, in the order in which they occur."""
        return tuple(dict.fromkeys(video.split for video in self.videos))

    @property
    def metainfo(self) -> dict:
        """Name of the dataset, classes and known actors, as mmengine's datasets give it."""
        known = {key: getattr(self, key) for key in ("classes", "class_actors", "actors")}
        return {"dataset": self.name} | {key: names for key, names in known.items() if names is not None}

    def with_classes(self, classes: Sequence[str]) -> "VideoCollection":
        """The videos and tubes of some of the classes, all different, numbered in this order, and videos of none."""
        if not set(classes) <= set(self.classes) or not classes or len(set(classes)) < len(classes):
            raise ValueError(
                f"classes must be different ones of {', '.join(self.classes)}, got {', '.join(classes) or 'none'}"
            )
        numbers = {self.classes.index(name): label for label, name in enumerate(classes)}

        def renumbered(video: LabelledVideo) -> LabelledVideo:
            tubes = video.tubes and tuple(
                replace(tube, label=numbers[tube.label]) for tube in video.tubes if tube.label in numbers
            )
            return replace(
                video, labels=tuple(numbers[label] for label in video.labels if label in numbers), tubes=tubes
            )

        used = (video for video in self.videos if not video.labels or not numbers.keys().isdisjoint(video.labels))
        videos = tuple(map(renumbered, used))
        class_actors = self.class_actors and tuple(self.class_actors[label] for label in numbers)
        return replace(self, classes=tuple(classes), videos=videos, class_actors=class_actors)

    def remarks(self) -> tuple[str, ...]:
        """Sentences about what is unusual in it, and decided thereby."""
        strange = [of for of in self.videos if any(tube.label not in of.labels for tube in of.tubes or ())]
        num_tubes = sum(tube.label not in of.labels for of in strange for tube in of.tubes)
        others = [f"{split!r}" for split in self.splits if split not in SPLITS]
        alike: dict[str, list[str]] = defaultdict(list)
        for name in self.classes:
            alike["".join(name.split()).casefold()].append(name)
        notes = {
            f"videos have tubes, {num_tubes} in all, of classes that are not among their labels; training learns from "
            "the labels": [of.video for of in strange],
            "videos show several classes; heads of one softmax need multi_label=True": [
                of.video for of in self.videos if len(of.labels) > 1
            ],
            "videos show none of the classes; heads of one softmax need multi_label=True": [
                of.video for of in self.videos if not of.labels
            ],
            "splits are neither 'train' nor 'test', which configs read": others,
            "classes differ in capitals and blanks alone": [
                f"{name!r}" for names in alike.values() if len(names) > 1 for name in names
            ],
            "class names begin or end with a blank": [f"{name!r}" for name in self.classes if name != name.strip()],
        }
        lacking = [split for split in SPLITS if split not in self.splits]
        return (
            *notes_of(notes),
            *(f"no video is of the split {split!r}: {WITHOUT_SPLIT[split]}" for split in lacking),
        )

    def counts(self) -> list[dict]:
        """Rows of a table: videos, annotated videos and tubes by class and split, and in all."""
        columns: dict[str, Counter] = {}
        for split in self.splits:
            videos = [video for video in self.videos if video.split == split]
            columns[f"{split}: videos"] = count_labels(videos)
            columns[f"{split}: annotated"] = count_labels(video for video in videos if video.tubes is not None)
            columns[f"{split}: tubes"] = Counter(tube.label for video in videos for tube in video.tubes or ())
        return rows_by_class(self.classes, columns)


def count_labels(videos: Iterable[LabelledVideo]) -> Counter[int]:
    """How many videos show each class, and at ``ALL`` how many there are."""
    videos = list(videos)
    counts = Counter(label for video in videos for label in video.labels)
    counts[ALL] = len(videos)
    return counts


def rows_by_class(classes: Sequence[str], columns: Mapping[str, Counter]) -> list[dict]:
    """A row for each class, and one for all, of numbers counted by label."""
    numbers = [{key: counter[label] for key, counter in columns.items()} for label in range(len(classes))]
    numbers.append({key: counter.get(ALL, counter.total()) for key, counter in columns.items()})
    return [{"class": name} | row for name, row in zip((*classes, "all"), numbers, strict=True)]


def _repeated(names: Sequence) -> str | int | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)


@dataclass(frozen=True)
class DatasetFormat(ABC):
    """A dataset's files, which give the videos, their labels and their true tubes.

    For a format of your own, register a subclass with ``load`` in ``DATASET_FORMATS``; its options are fields of a
    dataclass, and ``source`` and ``videos_source`` say in messages what belongs where.

    ``ann_file`` is the file that says most, or a folder; all files are relative to ``data_root``.
    """

    ann_file: str | Path
    data_root: str | Path = ""

    source: ClassVar[str] = "the annotation"
    videos_source: ClassVar[str] = "the videos of the annotation, by their names in it"
    notes_on_videos: ClassVar[bool] = False  # whether the notes name what is unused in the folder of the videos

    @property
    def path(self) -> Path:
        """The annotation file, which messages name."""
        return self.below_root(self.ann_file)

    def below_root(self, path: str | Path) -> Path:
        """The full path of one that is relative to ``data_root``."""
        return Path(self.data_root) / path

    @abstractmethod
    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """Read the files for ``read``, which puts ``path`` before a ``ValueError``."""

    def files(self, splits: Sequence[str] | None, with_tubes: bool) -> Mapping[Path, str]:
        """The files that ``read`` needs, each with what belongs there and where it comes from."""
        return {self.path: self.source}

    def read(self, splits: Sequence[str] | None = None, with_tubes: bool = True) -> VideoCollection:
        """The videos of some splits or all; without ``with_tubes`` their tubes may be left out.

        Raises:
            InputError: naming file, video and value, if anything in a file is wrong, or there is no such split.
        """
        with naming(self.path, InputError):
            collection = self.load(splits, with_tubes)
            known = collection.splits
            if unknown := [name for name in splits or () if name not in known]:
                only = ", ".join(known) or "no video"
                raise MissingSplitError(f"{self.path}: has no split {unknown[0]!r}, only {only}")
            if splits is None:
                return collection
            return replace(collection, videos=tuple(video for video in collection.videos if video.split in splits))

    def annotated(self) -> dict[str, LabelledVideo]:
        """The annotated videos of all splits, by name."""
        return {video.video: video for video in self.read().videos if video.tubes is not None}

    def metainfo(self) -> dict:
        """See ``VideoCollection.metainfo``."""
        return self.read(with_tubes=False).metainfo

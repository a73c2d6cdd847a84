"""The videos of a dataset with what people marked in them, whatever format they came in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np

from actorsup.datasets.video_files import VIDEO_SUFFIXES
from actorsup.structures import Tube

from .fields import MAX_COORDINATE, MAX_FRAMES, require_text


@dataclass(frozen=True, eq=False)
class VideoAnnotation:
    """The true tubes of one video.

    Args:
        num_frames: frames of the video that was annotated; None where unknown.
        label: action class of the video.
        size: ``(width, height)`` of the frames in whose pixels the tubes are given; None where there are no tubes.
        tubes: the label of each is the action class; its scores are 1.

    Raises:
        ValueError: if a tube ends after the video, or there are tubes and no size.
    """

    num_frames: int | None
    label: int
    size: tuple[int, int] | None
    tubes: tuple[Tube, ...]

    def __post_init__(self) -> None:
        if self.tubes and self.size is None:
            raise ValueError("its tubes need the size of the frames in whose pixels they are")
        for index, tube in enumerate(self.tubes):
            if self.num_frames is not None and tube.end > self.num_frames:
                raise ValueError(f"tube {index} ends at frame {tube.end}, the video has {self.num_frames} frames")

    def tubes_at(self, size: tuple[int, int]) -> tuple[Tube, ...]:
        """The tubes in pixels of a copy of the video whose frames have ``size = (width, height)``."""
        if tuple(size) == self.size or not self.tubes:
            return self.tubes
        scale = np.array(size, np.float32) / np.array(self.size, np.float32)
        return tuple(replace(tube, boxes=tube.boxes * np.tile(scale, 2)) for tube in self.tubes)

    def with_classes(self, new_labels: dict[int, int]) -> "VideoAnnotation":
        """With other numbers for the classes, ``{old: new}``; tubes of classes that have no new number are dropped."""
        tubes = tuple(replace(tube, label=new_labels[tube.label]) for tube in self.tubes if tube.label in new_labels)
        return replace(self, label=new_labels[self.label], tubes=tubes)


@dataclass(frozen=True, eq=False)
class LabelledVideo:
    """One video of a data set.

    Args:
        video: path below the folder of the videos, without suffix.
        split: which part of the data set it belongs to; ``train`` and ``test`` by convention.
        label: its action class.
        num_frames: frames of the video that was annotated; None where unknown.
        size: ``(width, height)`` in whose pixels the tubes are; None where unknown, which needs ``tubes`` without any.
        tubes: the true tubes, whose label is the action class and whose scores are 1; None where nobody marked them,
            empty where somebody looked and found none.

    Raises:
        ValueError: if the name is no such path, the split no text, a number not positive or absurd, the size of tubes
            missing, or a tube ends after the video.
    """

    video: str
    split: str
    label: int
    num_frames: int | None = None
    size: tuple[int, int] | None = None
    tubes: tuple[Tube, ...] | None = None

    def __post_init__(self) -> None:
        path = PurePosixPath(self.video)
        is_below = path.name and not path.is_absolute() and ".." not in path.parts
        if not self.video.isprintable() or path.as_posix() != self.video or not is_below:
            raise ValueError(
                f"the name must be a path below the folder of the videos, without '..' or '//', got {self.video!r}"
            )
        if path.suffix.lower() in VIDEO_SUFFIXES:
            raise ValueError(f"the name must be without the suffix {path.suffix}")
        if self.num_frames is not None and not 1 <= self.num_frames <= MAX_FRAMES:
            raise ValueError(f"num_frames must be from 1 to {MAX_FRAMES}, got {self.num_frames}")
        require_text(self.split, "split")
        if self.size is not None and (len(self.size) != 2 or not all(1 <= side < MAX_COORDINATE for side in self.size)):
            raise ValueError(f"size must be the frames' width and height in pixels, got {list(self.size)}")
        _ = self.annotation  # which checks that the tubes fit the video

    @property
    def annotation(self) -> VideoAnnotation | None:
        """The true tubes as data sets use them; None where nobody marked them."""
        if self.tubes is None:
            return None
        return VideoAnnotation(self.num_frames, self.label, self.size, self.tubes)


@dataclass(frozen=True, eq=False)
class VideoCollection:
    """The videos of a data set and what their labels mean.

    Args:
        name: of the data set.
        classes: action classes in the order of their labels.
        videos: in the order of the file.
        class_actors: whose action each class is, parallel to ``classes``; None where that is not known.
        actors: categories of actors that a detector should find; None where they are not known.

    Raises:
        ValueError: naming video and value, if names are not text or not different, a label is no class, or
            ``class_actors`` has another length than ``classes``.
    """

    name: str
    classes: tuple[str, ...]
    videos: tuple[LabelledVideo, ...]
    class_actors: tuple[str, ...] | None = None
    actors: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.classes:
            raise ValueError("'classes' names no class")
        require_text(self.name, "name")
        for key, names in (("classes", self.classes), ("actors", self.actors or ())):
            for name in names:
                require_text(name, f"a name in {key}")
            if repeated := _repeated(names):
                raise ValueError(f"{key!r} names {repeated!r} several times")
        if self.class_actors is not None and len(self.class_actors) != len(self.classes):
            raise ValueError(
                f"'class_actors' names {len(self.class_actors)} actors, 'classes' names {len(self.classes)} classes"
            )
        if repeated := _repeated([video.video for video in self.videos]):
            raise ValueError(f"video {repeated}: is there several times")
        for video in self.videos:
            for label in (video.label, *(tube.label for tube in video.tubes or ())):
                if not 0 <= label < len(self.classes):
                    raise ValueError(f"video {video.video}: label {label} is outside 0..{len(self.classes) - 1}")

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits, in the order in which they occur."""
        return tuple(dict.fromkeys(video.split for video in self.videos))


def _repeated(names: Sequence[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)

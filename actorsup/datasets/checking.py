"""What is wrong with a dataset, before it costs a training: each video by itself, and the lists of videos.

An error ends a run or makes a number wrong; a warning may be meant so.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from actorsup.errors import VideoError
from actorsup.io import open_video
from actorsup.structures import Tube, box_areas, clip_boxes

from .annotated_videos import AnnotatedVideos
from .formats import LabelledVideo
from .formats.collection import count_labels, rows_by_class
from .formats.reading import enumeration
from .video_files import find_videos, videos_in, why_missing

MIN_SIDE = 1.0  # pixels of the video; less is no box, or one in units of the frame's width
MAX_EXCESS = 1.0  # pixels that a box may leave the frame by, which rounding explains
MIN_INSIDE = 0.5  # share of a box's area
FRAMES_TOLERANCE = 2  # decoders differ by so many frames
ASPECT_TOLERANCE = 0.1


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a video or class ``where``; ``kind`` has the same words for all of a kind."""

    kind: str
    where: str
    detail: str
    is_error: bool = True


@dataclass(frozen=True, eq=False)
class ListedVideos:
    """The videos, by name, that a split ``name`` of a dataset uses, and the ``paths`` of those that are there.

    ``classes`` are in the order of the labels. ``num_skipped`` more are listed, which are not there and need not be.
    ``missing`` says what is there in place of the other videos, ``notes`` what the format says of those that it leaves
    out; where it does not, the ``folder`` of the videos is looked at.
    """

    name: str
    classes: tuple[str, ...]
    videos: Mapping[str, LabelledVideo]
    paths: Mapping[str, Path]
    reads_annotation: bool = True
    num_skipped: int = 0
    reader: Mapping | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    folder: Path | None = None

    @classmethod
    def of(cls, name: str, dataset: AnnotatedVideos) -> "ListedVideos":
        """What a dataset lists; an ``InputError`` if its files are missing. It needs no videos and no proposals."""
        dataset.require_files()
        collection = dataset.read()
        videos = {video.video: video for video in collection.videos}
        paths = find_videos(dataset.video_folder, videos)
        if dataset.missing_videos == "skip":
            videos = {video: of for video, of in videos.items() if video in paths}
        num_skipped = len(collection.videos) - len(videos)
        missing = why_missing(dataset.video_folder, videos.keys() - paths.keys())
        has_notes = dataset.format.notes_on_videos
        notes, folder = (collection.notes, None) if has_notes else ((), dataset.video_folder)
        read = dataset.reads_annotation, num_skipped, dataset.reader
        return cls(name, collection.classes, videos, paths, *read, missing, notes, folder)

    @property
    def annotated(self) -> dict[str, LabelledVideo]:
        """The videos that have an annotation, where the dataset reads it."""
        return {video: of for video, of in self.videos.items() if self.reads_annotation and of.tubes is not None}

    @property
    def num_videos(self) -> Counter[int]:
        """Videos by label, and in all."""
        return count_labels(self.videos.values())

    @property
    def num_tubes(self) -> Counter[int]:
        """True tubes by label."""
        return Counter(tube.label for video in self.annotated.values() for tube in video.tubes)

    def counts(self) -> list[dict[str, str | int]]:
        """Videos, those that are there, annotated ones and tubes, by class and in all."""
        found = count_labels(self.videos[video] for video in self.paths)
        annotated = count_labels(self.annotated.values())
        columns = {"videos": self.num_videos, "found": found, "annotated": annotated, "tubes": self.num_tubes}
        return rows_by_class(self.classes, columns)


def check_video(path: Path, annotation: LabelledVideo | None, reader: Mapping | None, decode: bool) -> list[Finding]:
    """What is wrong with one video and its annotation, if it has one.

    Without ``decode`` the first frame alone is read, and the length is not checked.
    """
    try:
        frames = iter(open_video(path, reader))
        height, width = next(frames).shape[:2]
        num_frames = 1 + sum(1 for _ in frames) if decode else None
    except VideoError as error:
        return [Finding("unreadable video", str(path), str(error))]
    return [] if annotation is None else list(_check_annotation(str(path), annotation, (width, height), num_frames))


def _check_annotation(
    where: str, annotation: LabelledVideo, size: tuple[int, int], num_frames: int | None
) -> Iterator[Finding]:
    """Compare an annotation with a video of this size and, where it is known, length."""
    tubes = annotation.tubes_at(size)
    if num_frames is not None:
        for index, tube in enumerate(tubes):
            if tube.end > num_frames:
                detail = f"frames {tube.start} … {tube.end - 1}, the video has {num_frames}"
                yield Finding("tube after the end of the video", f"{where}, tube {index}", detail)
        if annotation.num_frames not in (None, num_frames):
            detail = f"{num_frames} frames, annotated were {annotation.num_frames}"
            is_error = abs(num_frames - annotation.num_frames) > FRAMES_TOLERANCE
            yield Finding("another number of frames than annotated", where, detail, is_error)
    if tubes:
        width, height = annotation.size
        if abs(np.log((width / height) / (size[0] / size[1]))) > np.log1p(ASPECT_TOLERANCE):
            detail = f"annotated at {width}x{height}, the video is {size[0]}x{size[1]}"
            yield Finding("another shape of frames than annotated", where, detail, is_error=False)
    for index, tube in enumerate(tubes):
        yield from _check_boxes(f"{where}, tube {index}", tube, size)


def _check_boxes(where: str, tube: Tube, size: tuple[int, int]) -> Iterator[Finding]:
    """One finding a kind of wrong box, with the first of them."""
    frames = tube.marked_frames
    boxes = tube.boxes_at(frames).astype(np.float64)
    degenerate = (boxes[:, 2:] - boxes[:, :2] < MIN_SIDE).any(axis=1)
    inside = box_areas(clip_boxes(boxes, size)) / np.maximum(box_areas(boxes), np.finfo(float).tiny)
    outside = ~degenerate & (inside < MIN_INSIDE)
    excess = np.maximum(-boxes[:, :2], boxes[:, 2:] - size).max(axis=1)
    leaving = ~degenerate & ~outside & (excess > MAX_EXCESS)
    kinds = {"degenerate box": degenerate, "box outside the frame": outside, "box leaves the frame": leaving}
    for kind, wrong in kinds.items():
        if wrong.any():
            first = int(wrong.argmax())
            detail = (
                f"{int(wrong.sum())} of {len(boxes)} boxes, first at frame {frames[first]}: "
                f"{[round(value, 2) for value in boxes[first].tolist()]} in a frame of {size[0]}x{size[1]}"
            )
            yield Finding(kind, where, detail, is_error=wrong is not leaving)


def check_lists(train: Sequence[ListedVideos], test: Sequence[ListedVideos]) -> list[Finding]:
    """What is wrong with the lists of videos and their labels."""
    findings = [finding for listed in (*train, *test) for finding in _check_list(listed)]
    findings += _check_folders([*train, *test])
    findings += _check_copies(train, test)
    findings += [
        Finding(
            "one class, nothing to tell apart",
            listed.name,
            f"only {listed.classes[0]}; add videos of another action, or of none",
        )
        for listed in train
        if len(listed.classes) == 1 and all(video.labels for video in listed.videos.values())
    ]
    if not test:
        return findings
    reference = test[0]
    for listed in (*train, *test):
        if listed.classes != reference.classes:
            detail = f"{', '.join(listed.classes)}; {reference.name} has {', '.join(reference.classes)}"
            return [*findings, Finding("classes of training and testing differ", listed.name, detail)]
    trained = sum((listed.num_videos for listed in train), Counter())
    tested = sum((listed.num_videos for listed in test), Counter())
    true_tubes = sum((listed.num_tubes for listed in test), Counter())
    for label, name in enumerate(reference.classes):
        if train and not trained[label] and (tested[label] or true_tubes[label]):
            detail = f"{tested[label]} videos and {true_tubes[label]} tubes for testing"
            findings.append(Finding("class without a video for training", name, detail))
        if not tested[label]:
            detail = f"{trained[label]} videos for training"
            findings.append(Finding("class without a video for testing", name, detail, is_error=False))
    if not any(listed.reads_annotation for listed in test):
        findings.append(Finding("testing on labels alone", reference.name, "no recall and no mAP", is_error=False))
    elif not true_tubes:
        findings.append(Finding("no true tube for testing", reference.name, "recall and mAP would be of nothing"))
    for listed, other in product(test, train):
        for video in sorted(listed.videos.keys() & other.videos.keys()):
            findings.append(Finding("video for training and testing", video, listed.name, is_error=False))
    return findings


def _check_copies(train: Sequence[ListedVideos], test: Sequence[ListedVideos]) -> Iterator[Finding]:
    """Files of other names that hold the same."""
    paths = {path for listed in (*train, *test) for path in listed.paths.values() if path.is_file()}
    tested = {path for listed in test for path in listed.paths.values()}
    trained = {path for listed in train for path in listed.paths.values()}
    groups = [sorted(path for path in paths if _size(path))]  # an empty one is an error anyway
    for look in (_size, partial(_digest, num_bytes=2**16), _digest):  # files are read as far as others are like them
        groups = [alike for group in groups for alike in _alike(group, look) if len(alike) > 1]
    for same in groups:
        leaks = not tested.isdisjoint(same) and not trained.isdisjoint(same)
        kind = "same file for training and testing" if leaks else "same file under several names"
        yield Finding(kind, str(same[0]), ", ".join(map(str, same[1:])), is_error=False)


def _alike(paths: Sequence[Path], look: Callable[[Path], Hashable]) -> list[list[Path]]:
    """Files, in groups of those that look the same."""
    groups: dict[Hashable, list[Path]] = defaultdict(list)
    for path in paths:
        groups[look(path)].append(path)
    return list(groups.values())


def _size(path: Path) -> int:
    return path.stat().st_size


def _digest(path: Path, num_bytes: int | None = None) -> bytes:
    """A hash of a file, or of its first bytes."""
    with open(path, "rb") as file:
        return (
            hashlib.sha256(file.read(num_bytes)).digest() if num_bytes else hashlib.file_digest(file, "sha256").digest()
        )


def _check_folders(listed: Sequence[ListedVideos]) -> Iterator[Finding]:
    """What lies in the folders of the videos and is not used, and why; a finding for each folder and reason."""
    for note in dict.fromkeys(note for one in listed for note in one.notes):
        yield Finding("left out", ", ".join(one.name for one in listed if note in one.notes), note, is_error=False)
    used: dict[Path, set[Path]] = defaultdict(set)
    for one in listed:
        for video in one.videos if one.folder is not None else ():
            used[(one.folder / video).parent].add(one.paths.get(video, one.folder / video))
    for folder, paths in sorted(used.items()):
        if folder.is_dir():
            found, unused = videos_in(folder)
            reasons: dict[str, list[str]] = defaultdict(list)
            for path in found.values():
                if path not in paths:
                    reasons["which no split of the config lists"].append(path.name)
            for name, reason in unused.items():
                if folder / name not in paths:
                    reasons[reason].append(name)
            for reason, names in reasons.items():
                detail = enumeration(f"files and folders, {reason}", sorted(names), most=5)
                yield Finding("left out", str(folder), detail, is_error=False)


def _check_list(listed: ListedVideos) -> Iterator[Finding]:
    for video in listed.videos:
        if video not in listed.paths:
            there = f"; {listed.missing[video]}" if video in listed.missing else ""
            yield Finding("label without a video", video, f"listed for {listed.name}{there}")
    if listed.num_skipped:
        detail = f"{listed.num_skipped} listed videos are not there and left out"
        yield Finding("videos left out", listed.name, detail, is_error=False)
    if not listed.videos:
        yield Finding("no video", listed.name, "none of its list can be used")
    if not listed.reads_annotation:
        return
    for name, video in listed.videos.items():
        if video.tubes is None:
            yield Finding("video without annotation", name, f"{listed.name} leaves it out", is_error=False)
    with_tubes = [video for video in listed.videos.values() if video.tubes]
    for video in with_tubes:
        others = [tube.label for tube in video.tubes if tube.label not in video.labels]
        if 0 < len(others) < len(video.tubes):
            names = ", ".join(sorted({listed.classes[label] for label in others}))
            detail = f"its labels are {_names(listed, video)}, {len(others)} tubes are of {names}"
            yield Finding("tubes of classes that are no label of their video", video.video, detail, is_error=False)
    strange = [video for video in with_tubes if {tube.label for tube in video.tubes}.isdisjoint(video.labels)]
    for video in strange:
        of_tubes = sorted({listed.classes[tube.label] for tube in video.tubes})
        detail = f"labels {_names(listed, video)}, tubes {', '.join(of_tubes)}"
        is_error = len(strange) > len(with_tubes) / 2  # of most: then the labels of tubes count from elsewhere
        yield Finding("no tube has a label of its video", video.video, detail, is_error)


def _names(listed: ListedVideos, video: LabelledVideo) -> str:
    return ", ".join(listed.classes[label] for label in video.labels) or "none"

"""What is wrong with a data set, before it costs a training: each video by itself, and the lists of videos.

An error is what a run would end at, or what would make a number wrong or zero without a word. A warning is what may be
meant so.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actorsup.errors import VideoError
from actorsup.io import open_video
from actorsup.structures import Tube, box_areas, clip_boxes

from .formats import VideoAnnotation
from .video_dataset import VideoDataset
from .video_files import find_videos

MIN_SIDE = 1.0  # pixels of the video; less is no box, or one in units of the frame's width
MAX_EXCESS = 1.0  # pixels that a box may leave the frame by, which rounding explains
MIN_INSIDE = 0.5  # share of a box's area
FRAMES_TOLERANCE = 2  # decoders differ by so many frames
ASPECT_TOLERANCE = 0.1


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    Args:
        kind: what, in the same words for all of a kind.
        where: the video or class.
        detail: the values.
        is_error: whether it is an error, or a warning.
    """

    kind: str
    where: str
    detail: str
    is_error: bool = True


@dataclass(frozen=True, eq=False)
class ListedVideos:
    """The videos that a data set uses, whether they are there or not.

    Args:
        name: of the split.
        classes: names of the classes, in the order of the labels.
        labels: by video.
        paths: of those that are there.
        annotations: of those that have one; None where the data set reads none.
        num_skipped: how many more are listed, which are not there and need not be.
        reader: config of the video reader.
    """

    name: str
    classes: tuple[str, ...]
    labels: Mapping[str, int]
    paths: Mapping[str, Path]
    annotations: Mapping[str, VideoAnnotation] | None
    num_skipped: int
    reader: Mapping | None

    @classmethod
    def of(cls, name: str, dataset: VideoDataset) -> "ListedVideos":
        """What a data set lists; it needs neither its videos nor proposals.

        Raises:
            InputError: if its files are missing or wrong.
        """
        dataset.require_files()
        labels = dataset.listed()
        num_listed = len(labels)
        paths = find_videos(dataset.video_folder, labels)
        if dataset.missing_videos == "skip":
            labels = {video: label for video, label in labels.items() if video in paths}
        return cls(
            name,
            tuple(dataset.metainfo["classes"]),
            labels,
            paths,
            dataset.annotated(labels) if dataset.reads_annotation else None,
            num_listed - len(labels),
            dataset.reader,
        )

    def counts(self) -> list[dict[str, str | int]]:
        """Videos, those that are there, annotated ones and tubes, by class and in all."""
        annotated = self.annotations or {}
        rows = []
        for label, name in [*enumerate(self.classes), (None, "all")]:
            videos = [video for video, of_video in self.labels.items() if label in (None, of_video)]
            rows.append(
                {
                    "class": name,
                    "videos": len(videos),
                    "found": sum(video in self.paths for video in videos),
                    "annotated": sum(video in annotated for video in videos),
                    "tubes": sum(label in (None, tube.label) for of in annotated.values() for tube in of.tubes),
                }
            )
        return rows


def check_video(path: Path, annotation: VideoAnnotation | None, reader: Mapping | None, decode: bool) -> list[Finding]:
    """What is wrong with one video and its annotation.

    Args:
        path: the video; its name is that of the findings.
        annotation: None if it has none.
        reader: config of the video reader.
        decode: read it to its end. Else its first frame is read, and nothing is known of its length.
    """
    try:
        frames = iter(open_video(path, reader))
        height, width = next(frames).shape[:2]
        num_frames = 1 + sum(1 for _ in frames) if decode else None
    except VideoError as error:
        return [Finding("unreadable video", str(path), str(error))]
    findings = []
    if annotation is not None:
        if num_frames is not None:
            findings += _check_length(str(path), annotation, num_frames)
        if annotation.tubes:
            findings += _check_aspect(str(path), annotation.size, (width, height))
        for index, tube in enumerate(annotation.tubes_at((width, height))):
            findings += _check_boxes(f"{path}, tube {index}", tube, (width, height))
    return findings


def _check_length(where: str, annotation: VideoAnnotation, num_frames: int) -> list[Finding]:
    findings = []
    for index, tube in enumerate(annotation.tubes):
        if tube.end > num_frames:
            detail = f"frames {tube.start} … {tube.end - 1}, the video has {num_frames}"
            findings.append(Finding("tube after the end of the video", f"{where}, tube {index}", detail))
    if annotation.num_frames not in (None, num_frames):
        detail = f"{num_frames} frames, annotated were {annotation.num_frames}"
        is_error = abs(num_frames - annotation.num_frames) > FRAMES_TOLERANCE
        findings.append(Finding("another number of frames than annotated", where, detail, is_error))
    return findings


def _check_aspect(where: str, annotated: tuple[int, int], size: tuple[int, int]) -> list[Finding]:
    ratio = (annotated[0] / annotated[1]) / (size[0] / size[1])
    if abs(np.log(ratio)) <= np.log1p(ASPECT_TOLERANCE):
        return []
    detail = f"annotated at {annotated[0]}x{annotated[1]}, the video is {size[0]}x{size[1]}"
    return [Finding("another shape of frames than annotated", where, detail, is_error=False)]


def _check_boxes(where: str, tube: Tube, size: tuple[int, int]) -> list[Finding]:
    """The boxes that people drew, in pixels of the video; one finding a kind, with the first of them."""
    drawn = np.arange(len(tube)) if tube.annotated is None else np.flatnonzero(tube.annotated)
    boxes = tube.boxes[drawn].astype(np.float64)
    sides = boxes[:, 2:] - boxes[:, :2]
    degenerate = (sides < MIN_SIDE).any(axis=1)
    inside = box_areas(clip_boxes(boxes, size)) / np.maximum(box_areas(boxes), np.finfo(float).tiny)
    outside = ~degenerate & (inside < MIN_INSIDE)
    excess = np.maximum(-boxes[:, :2], boxes[:, 2:] - size).max(axis=1)
    leaving = ~degenerate & ~outside & (excess > MAX_EXCESS)
    findings = []
    for kind, wrong, is_error in (
        ("degenerate box", degenerate, True),
        ("box outside the frame", outside, True),
        ("box leaves the frame", leaving, False),
    ):
        if wrong.any():
            first = int(wrong.argmax())
            detail = (
                f"{int(wrong.sum())} of {len(boxes)} boxes, first at frame {tube.start + drawn[first]}: "
                f"{[round(value, 2) for value in boxes[first].tolist()]} in a frame of {size[0]}x{size[1]}"
            )
            findings.append(Finding(kind, where, detail, is_error))
    return findings


def check_lists(train: Sequence[ListedVideos], test: Sequence[ListedVideos]) -> list[Finding]:
    """What is wrong with the lists of videos and their labels, for training and for testing."""
    findings = []
    for listed in (*train, *test):
        findings += _check_list(listed)
    if not test:
        return findings
    reference = test[0]
    for listed in (*train, *test):
        if listed.classes != reference.classes:
            detail = f"{', '.join(listed.classes)}; {reference.name} has {', '.join(reference.classes)}"
            return [*findings, Finding("classes of training and testing differ", listed.name, detail)]
    trained = Counter(label for listed in train for label in listed.labels.values())
    tested = Counter(label for listed in test for label in listed.labels.values())
    true_tubes = Counter(
        tube.label for listed in test for of in (listed.annotations or {}).values() for tube in of.tubes
    )
    for label, name in enumerate(reference.classes):
        if train and not trained[label] and (tested[label] or true_tubes[label]):
            detail = f"{tested[label]} videos and {true_tubes[label]} tubes for testing"
            findings.append(Finding("class without a video for training", name, detail))
        if not tested[label]:
            detail = f"{trained[label]} videos for training"
            findings.append(Finding("class without a video for testing", name, detail, is_error=False))
    if all(listed.annotations is None for listed in test):
        findings.append(Finding("testing on labels alone", reference.name, "no recall and no mAP", is_error=False))
    elif not true_tubes:
        findings.append(Finding("no true tube for testing", reference.name, "recall and mAP would be of nothing"))
    for listed in test:
        for other in train:
            for video in sorted(listed.labels.keys() & other.labels.keys()):
                findings.append(Finding("video for training and testing", video, listed.name, is_error=False))
    return findings


def _check_list(listed: ListedVideos) -> list[Finding]:
    absent = [video for video in listed.labels if video not in listed.paths]
    findings = [Finding("label without a video", video, f"listed for {listed.name}") for video in absent]
    if listed.num_skipped:
        detail = f"{listed.num_skipped} listed videos are not there and left out"
        findings.append(Finding("videos left out", listed.name, detail, is_error=False))
    if not listed.labels:
        findings.append(Finding("no video", listed.name, "none of its list can be used"))
    if listed.annotations is None:
        return findings
    for video in listed.labels:
        if video not in listed.annotations:
            findings.append(Finding("video without annotation", video, f"{listed.name} leaves it out", is_error=False))
    with_tubes = {video: of for video, of in listed.annotations.items() if of.tubes}
    strange = [video for video, of in with_tubes.items() if of.label not in {tube.label for tube in of.tubes}]
    for video in strange:
        of_tubes = sorted({listed.classes[tube.label] for tube in with_tubes[video].tubes})
        detail = f"label {listed.classes[listed.labels[video]]}, tubes {', '.join(of_tubes)}"
        is_error = len(strange) > len(with_tubes) / 2  # of most: then the labels of tubes count from elsewhere
        findings.append(Finding("no tube has the label of its video", video, detail, is_error))
    return findings

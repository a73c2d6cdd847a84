"""THUMOS13: split lists and annotation in any format it is found in."""

from pathlib import Path

from actorsup.datasets.annotation import (
    LabelledVideo,
    VideoCollection,
    read_ucf101_annotation,
    read_ucf101_list,
)
from actorsup.datasets.thumos13 import THUMOS13
from actorsup.errors import InputError

from .conversion import Conversion, enumeration


def convert_thumos13(annotation: str | Path, train_list: str | Path, test_list: str | Path) -> Conversion:
    """The videos of two split lists; a note names those without annotation.

    Args:
        annotation: see ``read_ucf101_annotation``.
        train_list: see ``read_ucf101_list``.
        test_list: likewise.

    Raises:
        InputError: naming file, video and value, if anything in a file is wrong, or the lists share a video.
    """
    classes = THUMOS13.METAINFO["classes"]
    annotations = read_ucf101_annotation(annotation, classes)
    videos: dict[str, LabelledVideo] = {}
    for path, split in ((train_list, "train"), (test_list, "test")):
        for video, label in read_ucf101_list(path, classes):
            if video in videos:
                raise InputError(f"{path}: video {video} is in {train_list} too")
            known = annotations.get(video)
            videos[video] = (
                LabelledVideo(video, split, label)
                if known is None
                else LabelledVideo(video, split, label, known.num_frames, known.size, known.tubes)
            )
    without = [video for video in videos if video not in annotations]
    unlisted = [video for video in annotations if video not in videos]
    notes = []
    if without:
        notes.append(enumeration(len(without), f"videos have no annotation in {annotation}", without))
    if unlisted:
        notes.append(enumeration(len(unlisted), "annotated videos are in neither list and left out", unlisted))
    actors = THUMOS13.METAINFO["actors"]
    collection = VideoCollection("thumos13", classes, tuple(videos.values()), actors * len(classes), actors)
    return Conversion(collection, tuple(notes))

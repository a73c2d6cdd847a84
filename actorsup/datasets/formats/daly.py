"""DALY: 510 long videos of ten everyday actions, boxes in a few keyframes of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from actorsup.io.reading import naming, require, value_of
from actorsup.registry import DATASET_FORMATS
from actorsup.structures import Tube

from .ava import UNIT
from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .pickle_file import load_pickle
from .reading import box_array, names_of, notes_of, tube_of_frames


@DATASET_FORMATS.register_module()
@dataclass(frozen=True)
class DALY(DatasetFormat):
    """``daly1.1.0.pkl``; read without running its code, and known from code that reads it, not from the file.

    ``labels``: the actions. ``splits[0]``: the videos for testing, the others are for training. ``annot[video.mp4]``:
    under ``annot``, by action, the instances, with ``keyframes`` of ``frameNumber``, from 1, and ``boundingBox``, one
    row of four shares of the frame. ``metadata[video.mp4]["nbframes_ffmpeg"]``: the number of frames.

    An instance is a sparse true tube from its first keyframe to its last: evaluation looks at the keyframes alone, not
    at ``beginTime`` and ``endTime``. A video shows the actions of its instances.
    """

    ann_file: str | Path = "daly1.1.0.pkl"

    source: ClassVar[str] = "daly1.1.0.pkl of the release"
    videos_source: ClassVar[str] = "the videos by their YouTube names, <video>.mp4"

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        content = load_pickle(self.path)
        classes = names_of(content, "labels")
        testing = value_of(content, "splits", Sequence)
        if not testing:
            raise ValueError("'splits' is empty; its first entry lists the videos for testing")
        test = set(names_of({"splits": testing[0]}, "splits"))
        annotated = value_of(content, "annot", Mapping)
        if unknown := sorted(test - annotated.keys()):
            raise ValueError(f"'splits' names {unknown[0]}, which 'annot' lacks")
        videos, without = [], []
        for name, entry in annotated.items():
            with naming(f"video {require(name, 'name', str)}"):
                metadata = value_of(value_of(content, "metadata"), name)
                num_frames = value_of(metadata, "nbframes_ffmpeg", int)
                labels, tubes = set(), []
                for label, instance, where in _instances(value_of(entry, "annot", Mapping), classes):
                    labels.add(label)
                    with naming(where):
                        if (tube := _tube(instance, label, num_frames)) is None:
                            without.append(f"{name}, {where}")
                        else:
                            tubes.append(tube)
                split = "test" if name in test else "train"
                video = name.removesuffix(".mp4")
                videos.append(LabelledVideo(video, split, tuple(labels), num_frames, UNIT, tuple(tubes)))
        notes = notes_of({"instances have no keyframe with a box in the video, and no tube": without})
        return VideoCollection("daly", classes, tuple(videos), None, ("person",), notes)


def _instances(by_action: Mapping, classes: Sequence[str]) -> Iterator[tuple[int, Mapping, str]]:
    for action, instances in by_action.items():
        if action not in classes:
            raise ValueError(f"action {action!r:.80} is none of {', '.join(classes)}")
        for index, instance in enumerate(require(instances, action, Sequence)):
            yield classes.index(action), instance, f"{action} {index}"


def _tube(instance: Mapping, label: int, num_frames: int) -> Tube | None:
    """The tube of the keyframes that the video has."""
    boxes = {}
    for keyframe in value_of(instance, "keyframes", Sequence):
        frame = value_of(keyframe, "frameNumber", int)
        (boxes[frame],) = box_array(np.reshape(value_of(keyframe, "boundingBox"), (-1, 4)))
    frames = sorted(frame for frame in boxes if frame <= num_frames)
    return tube_of_frames(frames, [boxes[frame] for frame in frames], label, first=1) if frames else None

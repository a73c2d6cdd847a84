"""A folder ``class/video.mp4``, which labels videos and has no true tubes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actorsup.datasets.video_files import find_videos, holds_frames, strip_suffix
from actorsup.errors import InputError
from actorsup.io.reading import read_lines
from actorsup.registry import DATASET_FORMATS

from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .reading import notes_of


@DATASET_FORMATS.register_module()
@dataclass(frozen=True)
class VideoFolder(DatasetFormat):
    """The videos in the folders of a folder, labelled with the folder's name; all for training unless told otherwise.

    Args:
        ann_file: the folder of the classes; in each, video files and folders of frames.
        name: of the dataset; None takes the folder's.
        test_list: a line ``class/video``, with or without suffix, for each video that is for testing.
        test_share: share of each class that is drawn for testing, between 0 and 1; at least one of a class of several,
            and never all.
        seed: of the draw, which does not depend on the order on disk.
    """

    ann_file: str | Path = "videos"
    name: str | None = None
    test_list: str | Path | None = None
    test_share: float | None = None
    seed: int = 0

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        if self.test_list is not None and self.test_share is not None:
            raise InputError("choose the videos for testing by test_list or by test_share, not by both")
        if self.test_share is not None and not 0 < self.test_share < 1:
            raise InputError(f"test_share must be between 0 and 1, got {self.test_share}")
        if not self.path.is_dir():
            raise ValueError("no such folder; a folder for each class belongs there, with its videos")
        by_class, unused = {}, []
        for folder in sorted(path for path in self.path.iterdir() if not path.name.startswith(".")):
            if found := _videos_in(folder, unused) if folder.is_dir() else []:
                by_class[folder.name] = found
            else:
                unused.append(folder.name)
        if not by_class:
            raise ValueError("holds no class/video")
        test = self._for_testing(by_class)
        labelled = tuple(
            LabelledVideo(video, "test" if video in test else "train", label)
            for label, found in enumerate(by_class.values())
            for video in found
        )
        notes = notes_of({"files and folders hold no video and are left out": unused})
        return VideoCollection(self.name or self.path.resolve().name, tuple(by_class), labelled, notes=notes)

    def _for_testing(self, by_class: dict[str, list[str]]) -> set[str]:
        known = [video for found in by_class.values() for video in found]
        if self.test_list is not None:
            path = self.below_root(self.test_list)
            names = {strip_suffix(line) for _, line in read_lines(path)}
            if unknown := sorted(names - set(known)):
                raise InputError(f"{path}: {unknown[0]!r} is none of the {len(known)} videos, such as {known[0]!r}")
            return names
        test: set[str] = set()
        if self.test_share is not None:
            generator = np.random.default_rng(self.seed)
            for found in by_class.values():
                count = min(max(round(self.test_share * len(found)), 1), len(found) - 1)
                test |= {found[place] for place in generator.permutation(len(found))[:count]}
        return test


def _videos_in(folder: Path, unused: list[str]) -> list[str]:
    """Names ``class/video`` in the folder of a class, sorted; what is no video goes to ``unused``."""
    names = {
        path.name: f"{folder.name}/{strip_suffix(path.name) if path.is_file() else path.name}"
        for path in folder.iterdir()
        if not path.name.startswith(".")
    }
    there = find_videos(folder.parent, names.values())
    found = {video for video, path in there.items() if path.is_file() or (path.is_dir() and holds_frames(path))}
    unused += sorted(f"{folder.name}/{entry}" for entry, video in names.items() if video not in found)
    return sorted(found)

"""A folder ``class/video.mp4``, which labels videos and has no true tubes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from actorsup.datasets.video_files import OTHER_SUFFIX, VIDEO_SUFFIXES, strip_suffix, videos_in
from actorsup.errors import InputError
from actorsup.io.reading import read_lines
from actorsup.registry import DATASET_FORMATS

from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .reading import notes_of

EMPTY = "folders without a file"
IN_NO_CLASS = "which lie in no folder of a class"


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

    notes_on_videos: ClassVar[bool] = True

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        if self.test_list is not None and self.test_share is not None:
            raise InputError("choose the videos for testing by test_list or by test_share, not by both")
        if self.test_share is not None and not 0 < self.test_share < 1:
            raise InputError(f"test_share must be between 0 and 1, got {self.test_share}")
        if not self.path.is_dir():
            raise ValueError("no such folder; a folder for each class belongs there, with its videos")
        by_class, unused = _by_class(self.path)
        notes = notes_of({f"files and folders are left out, {reason}": names for reason, names in unused.items()})
        if not by_class:
            raise ValueError("; ".join(["holds no class/video", *notes]))
        test = self._for_testing(by_class)
        labelled = tuple(
            LabelledVideo(video, "test" if video in test else "train", (label,))
            for label, found in enumerate(by_class.values())
            for video in found
        )
        if self.test_share is not None:
            alone = [name for name, found in by_class.items() if len(found) == 1]
            notes += notes_of({"classes have one video, which is for training, and none for testing": alone})
        return VideoCollection(self.name or self.path.resolve().name, tuple(by_class), labelled, notes=notes)

    def _for_testing(self, by_class: dict[str, list[str]]) -> set[str]:
        known = [video for found in by_class.values() for video in found]
        if self.test_list is not None:
            path = self.below_root(self.test_list)
            names = {line if line in known else strip_suffix(line) for _, line in read_lines(path)}
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


def _by_class(root: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Names ``class/video``, sorted, by class; and the names of what is no video, by the reason."""
    by_class: dict[str, list[str]] = {}
    unused: dict[str, list[str]] = defaultdict(list)
    for path in sorted(path for path in root.iterdir() if not path.name.startswith(".")):
        if path.is_dir():
            found, others = videos_in(path)
            for name, reason in others.items():
                unused[reason].append(f"{path.name}/{name}")
            if found:
                by_class[path.name] = sorted(f"{path.name}/{video}" for video in found)
            elif not others:
                unused[EMPTY].append(path.name)
        else:
            unused[IN_NO_CLASS if path.suffix.lower() in VIDEO_SUFFIXES else OTHER_SUFFIX].append(path.name)
    return by_class, unused

"""The Weizmann actions: 90 clips of nine people, one at a time, and ten actions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from actorsup.registry import DATASET_FORMATS

from .collection import DatasetFormat, VideoCollection
from .folder import VideoFolder
from .videos_file import VideosFile

PEOPLE = ("daria", "denis", "eli", "ido", "ira", "lena", "lyova", "moshe", "shahar")


@DATASET_FORMATS.register_module()
@dataclass(frozen=True)
class Weizmann(DatasetFormat):
    """The clips ``<class>/<person>_<class>.avi`` of the release, split by people.

    Args:
        ann_file: the folder of the classes, whose names are the labels; or an annotation file (docs/annotation.md), if
            there is one with boxes, which the release has not.
        test_people: who is seen in testing alone.
    """

    ann_file: str | Path = "annotation.json"
    test_people: Sequence[str] = ("lyova", "moshe", "shahar")

    source = "the release's clips in a folder for each class, or an annotation file of them"

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        if unknown := [name for name in self.test_people if name not in PEOPLE]:
            raise ValueError(f"test_people must be of {', '.join(PEOPLE)}, got {unknown[0]!r}")
        if self.path.is_dir():
            collection = VideoFolder(self.ann_file, self.data_root, name="weizmann").load(None, with_tubes)
        else:
            collection = VideosFile(self.ann_file, self.data_root).load(None, with_tubes)
        videos = []
        for video in collection.videos:
            person = Path(video.video).name.partition("_")[0].lower()
            if person not in PEOPLE:
                raise ValueError(f"{video.video}: a clip's name begins with one of {', '.join(PEOPLE)}")
            videos.append(replace(video, split="test" if person in self.test_people else "train"))
        return replace(collection, videos=tuple(videos))

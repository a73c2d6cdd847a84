"""What ``actorsup localize`` found, as an annotation for people to correct."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from actorsup.errors import InputError
from actorsup.io.localizations import load_localization
from actorsup.io.reading import naming
from actorsup.registry import DATASET_FORMATS

from .collection import DatasetFormat, LabelledVideo, VideoCollection


@DATASET_FORMATS.register_module()
@dataclass(frozen=True)
class Localized(DatasetFormat):
    """The JSON files of whole videos that ``actorsup localize`` wrote; what it found is taken for true.

    A video is named by its file, with the folders below ``ann_file`` that the file is in. It shows the actions of the
    tubes that are kept.

    Args:
        ann_file: a file, or a folder of them.
        min_score: tubes of a lower score are left out.
        split: of all videos.
    """

    ann_file: str | Path = "found"
    min_score: float = 0.0
    split: str = "train"

    source = "a file that `actorsup localize` wrote, or a folder of them"

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        root = self.path if self.path.is_dir() else self.path.parent
        files = sorted(self.path.rglob("*.json")) if self.path.is_dir() else [self.path]
        if not files:
            raise ValueError("holds no .json of `actorsup localize`")
        found = {file: load_localization(file) for file in files}
        classes = tuple(dict.fromkeys(name for of_video in found.values() for name in of_video.classes))
        videos: dict[str, LabelledVideo] = {}
        for file, of_video in found.items():
            with naming(file, InputError):
                name = (file.parent.relative_to(root) / of_video.video).as_posix()
                if name in videos:
                    raise ValueError(f"video {name}: was there before, in another file")
                if of_video.start:
                    raise ValueError(
                        f"begins at frame {of_video.start} of a stream; only whole videos can be annotated"
                    )
                tubes = tuple(
                    replace(each.tube, scores=np.ones(len(each.tube)), score=1.0, label=classes.index(each.action))
                    for each in of_video.best(min_score=self.min_score).tubes
                )
                labels = tuple({tube.label for tube in tubes})
                videos[name] = LabelledVideo(name, self.split, labels, of_video.num_frames, of_video.size, tubes)
        return VideoCollection(self.path.stem, classes, tuple(videos.values()))

"""Annotated videos as tracking sequences: the true tubes of a dataset, and UCF-Sports as it is published."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from actorsup.datasets.annotation.ucf_sports import read_box_files
from actorsup.datasets.video_files import only_video
from actorsup.errors import InputError
from actorsup.registry import DATASETS
from actorsup.structures import Tube

from .sequences import LazyFrames, SequenceSource, TrackingSequence, choose_names


@DATASETS.register_module()
class TubeSequences(SequenceSource):
    """One sequence a true tube: the frames that it covers, and its boxes in pixels of the video as it is.

    Frames that people did not mark, between those that they did, have no box.

    Names are ``<video>_tube0``, ``<video>_tube1`` …

    Args:
        dataset: config of a registered ``VideoDataset``, with its ``ann_file``; it is read in test mode.
        sequences: names to use; None uses all.
    """

    def __init__(self, dataset: Mapping, sequences: Sequence[str] | None = None) -> None:
        self.dataset = DATASETS.build({**dataset, "test_mode": True})
        self._tubes: dict[str, tuple[Path, Tube]] = {}
        for index, (video, path) in enumerate(self.dataset.videos()):
            for number, tube in enumerate(self.dataset.ground_truth(index)):
                self._tubes[f"{video}_tube{number}"] = (path, tube)
        self.names = choose_names(tuple(self._tubes), sequences, Path(self.dataset.ann_file))

    def read(self, name: str) -> TrackingSequence:
        """See ``SequenceSource.read``."""
        path, tube = self._tubes[name]
        boxes = tube.boxes if tube.annotated is None else np.where(tube.annotated[:, None], tube.boxes, np.nan)
        try:
            return TrackingSequence(name, LazyFrames(path, tube.start, len(tube), self.dataset.reader), boxes)
        except ValueError as error:
            raise InputError(f"{self.dataset.ann_file}: {error}") from error


@DATASETS.register_module()
class UCFSportsSequences(SequenceSource):
    """UCF-Sports: ``<group>/<clip>/`` with a video file or frames, and one box file a frame in ``gt/``.

    A box file holds ``x y w h label``, in pixels from 1, separated by tabs or spaces. The files belong to the frames in
    the order of their names. A box without area is taken for none.

    Args:
        videos: folder of the groups; in a clip's folder lies one video file, or its frames.
        annotations: folder of the groups, or a ``.tar`` or ``.tar.gz`` of it, which is read as it is; the files are
            ``…/<group>/<clip>/gt/<frame>.txt``.
        sequences: names ``group/clip`` to use; None uses all that have both annotation and video.

    Raises:
        InputError: if a folder or file is missing, or a box file holds anything else; it is named.
    """

    def __init__(self, videos: str | Path, annotations: str | Path, sequences: Sequence[str] | None = None) -> None:
        self.videos = Path(videos).expanduser()
        self.annotations = Path(annotations).expanduser()
        self._files = read_box_files(self.annotations)
        known = [name for name in self._files if (self.videos / name).is_dir()]
        self.names = choose_names(known, sequences, self.videos)

    def read(self, name: str) -> TrackingSequence:
        """See ``SequenceSource.read``."""
        try:
            boxes = np.stack([file.box() for file in self._files[name]])
            return TrackingSequence(name, LazyFrames(only_video(self.videos / name), 0, len(boxes)), boxes)
        except ValueError as error:
            raise InputError(f"{self.annotations}: {error}") from error

"""UCF-Sports as tracking sequences: its videos and the box that people drew in every frame."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from actorsup.datasets.annotation.ucf_sports import read_box_files
from actorsup.datasets.video_files import only_video
from actorsup.errors import InputError
from actorsup.registry import DATASETS

from .sequence import LazyFrames, SequenceSource, TrackingSequence, choose_names


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

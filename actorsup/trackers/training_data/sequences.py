"""One annotated target in consecutive frames."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np

from actorsup.datasets.formats.ucf_sports import read_box_files
from actorsup.datasets.video_files import only_video
from actorsup.errors import InputError, VideoError
from actorsup.io import VideoReader, open_video
from actorsup.registry import DATASETS
from actorsup.structures import Tube


class LazyFrames(Sequence):
    """``length`` frames ``(H, W, 3)`` uint8, RGB, of a video file or folder of frames, opened and decoded on demand.

    Iteration streams. An item of a folder reads one file; one of a video file decodes from its beginning, because
    containers cannot be trusted to seek exactly. ``reader`` configures a video reader; None picks one by the path.
    """

    def __init__(self, path: str | Path, start: int, length: int, reader: Mapping | None = None) -> None:
        if start < 0 or length < 1:
            raise ValueError(f"{path}: expected start >= 0 and one frame or more, got {start} and {length}")
        self.path = Path(path)
        self.start = start
        self.length = length
        self.reader = reader

    @cached_property
    def _video(self) -> VideoReader:
        return open_video(self.path, self.reader)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> np.ndarray:
        return self._video.frames_at([range(self.start, self.start + self.length)[index]])[0]

    def __iter__(self) -> Iterator[np.ndarray]:
        count = 0
        for count, frame in enumerate(islice(self._video, self.start, self.start + self.length), start=1):  # noqa: B007
            yield frame
        if count < self.length:
            raise VideoError(f"{self.path}: the video ends before frame {self.start + count}")


@dataclass(frozen=True, eq=False)
class TrackingSequence:
    """Frames and the true box of one target in them; ``ValueError`` if they do not fit, or nothing is annotated."""

    name: str  #: unique in its source
    frames: Sequence[np.ndarray]  #: ``T`` of ``(H, W, 3)`` uint8, RGB
    boxes: np.ndarray  #: ``(T, 4)`` in pixels, NaN where not annotated; kept as a read-only float32 copy

    def __post_init__(self) -> None:
        boxes = np.array(self.boxes, dtype=np.float32)
        if boxes.ndim != 2 or boxes.shape[1:] != (4,) or len(boxes) != len(self.frames):
            num_frames = len(self.frames)
            raise ValueError(f"{self.name}: {num_frames} frames need boxes ({num_frames}, 4), got {boxes.shape}")
        absent = np.isnan(boxes).all(axis=1)
        good = absent | (np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1))
        if not good.all():
            index = int((~good).argmax())
            found = f"{self.name}, frame {index}: box {boxes[index].tolist()}"
            raise ValueError(f"{found}: expected finite x1 < x2 and y1 < y2, or NaN alone where nothing is annotated")
        if absent.all():
            raise ValueError(f"{self.name}: none of its {len(boxes)} frames is annotated")
        boxes.setflags(write=False)
        object.__setattr__(self, "boxes", boxes)

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def annotated(self) -> np.ndarray:
        """Which frames have a box: bool ``(T,)``."""
        return ~np.isnan(self.boxes[:, 0])


class SequenceSource(Sequence, ABC):
    """Tracking sequences, read on demand. A subclass has ``names``, in order, and is registered in ``DATASETS``."""

    names: tuple[str, ...]

    @abstractmethod
    def read(self, name: str) -> TrackingSequence:
        """Read the sequence of that name; an ``InputError`` names file, line and value that cannot be used."""

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> TrackingSequence:
        return self.read(self.names[index])


def existing_folder(path: str | Path) -> Path:
    """The path, or an ``InputError`` unless it is a folder."""
    path = Path(path).expanduser()
    if not path.is_dir():
        raise InputError(f"{path}: no such folder; the frames or images belong there")
    return path


def choose_names(known: Sequence[str], chosen: Sequence[str] | None, where: Path) -> tuple[str, ...]:
    """The chosen ones of the known names, in the order chosen (None: all), or an ``InputError``."""
    if not known:
        raise InputError(f"{where}: holds no sequence")
    if chosen is None:
        return tuple(known)
    unknown = sorted(set(chosen) - set(known))
    if unknown or not chosen:
        some = ", ".join(known[:10]) + (" …" if len(known) > 10 else "")
        missing = ", ".join(unknown) or "(none was chosen)"
        raise InputError(f"{where}: has no sequence {missing}; its {len(known)} are {some}")
    return tuple(chosen)


@DATASETS.register_module()
class TubeSequences(SequenceSource):
    """One sequence a true tube of an ``AnnotatedVideos``, which is read in test mode; interpolated frames have no box.

    ``sequences`` are the names to use, of ``<video>_tube0``, ``<video>_tube1`` …; None uses all.
    """

    def __init__(self, dataset: Mapping, sequences: Sequence[str] | None = None) -> None:
        self.dataset = DATASETS.build({**dataset, "test_mode": True})
        self._tubes: dict[str, tuple[Path, Tube]] = {}
        for index, (video, path) in enumerate(self.dataset.videos()):
            tubes = enumerate(self.dataset.ground_truth(index))
            self._tubes |= {f"{video}_tube{number}": (path, tube) for number, tube in tubes}
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

    The box files belong to the frames in the order of their names. A box without area is taken for none.

    Args:
        videos: folder of the groups, whose clips' folders hold one video file or its frames.
        annotations: folder of the groups, or a ``.tar`` or ``.tar.gz`` of it.
        sequences: names ``group/clip`` to use; None uses all that have both annotation and video.
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

"""Detections, tubes and features on disk: a file a video, and a manifest that says what made them."""

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import torch

from actorsup.errors import StoreError
from actorsup.structures import Detections, Tube, VideoSample
from actorsup.structures.tube import require_within

from .files import save, whole_file
from .fingerprint import Fingerprint
from .reading import brief, read_json, require_layout

with suppress(ImportError):  # Windows has none
    import fcntl

MANIFEST = "manifest.json"
MAX_BYTES = 2**32  # of the arrays of a video: a small file can pack more than the memory holds


class VideoStore(ABC):
    """A folder with one ``.npz`` a video (no pickle inside) and a manifest.

    A file that exists is whole: a run that was killed goes on where it stopped.

    Raises:
        StoreError: if the store was made by another configuration than ``fingerprint``, where that is given, or its
            manifest is broken.
    """

    content: str
    made_with = "actorsup proposals"  # the command
    root = "proposals.root"  # the setting that says where
    compressed = True

    def __init__(self, folder: str | Path, fingerprint: Fingerprint | None = None) -> None:
        self.folder = Path(folder)
        self.fingerprint = fingerprint
        self._require_same_configuration()

    def _require_same_configuration(self) -> None:
        made_by, fingerprint = self._read_manifest(), self.fingerprint
        differences = fingerprint.differences(made_by) if made_by is not None and fingerprint is not None else []
        if differences and self.videos():
            lines = "\n  ".join(["were made by another configuration:", *differences])
            advice = "Move the folder away, give the new configuration another name, or undo the change."
            raise StoreError(f"{self.folder}: these {self.content} {lines}\n{advice}")

    def _read_manifest(self) -> Fingerprint | None:
        path = self.folder / MANIFEST
        if not path.exists():
            if self.folder.is_dir() and any(self.folder.glob("**/*.npz")):
                raise StoreError(f"{self.folder}: holds {self.content} but no {MANIFEST}; move the folder away")
            return None
        try:
            manifest = require_layout(read_json(path), {"content": str, "made_by": {str: _anything}})
        except ValueError as error:
            raise StoreError(f"{path}: not a manifest of a store ({error}); move the folder away") from error
        content, made_by = manifest["content"], Fingerprint(manifest["made_by"])
        if content != self.content:
            raise StoreError(f"{path}: a store of {content}, expected {self.content}")
        return made_by

    @property
    def made_by(self) -> dict | None:
        """The settings of what made the store, as it keeps them; None if it was never begun."""
        manifest = self._read_manifest()
        return None if manifest is None else manifest.made_by

    @property
    def exists(self) -> bool:
        """Whether the store was ever begun."""
        return (self.folder / MANIFEST).exists()

    @contextmanager
    def claimed(self, begin: bool = True) -> Iterator[None]:
        """Keep other runs from writing meanwhile; a ``StoreError`` if one does.

        Of the processes of one run the first begins: it creates the store, and then the others may claim it too. A file
        system without locks keeps nobody out.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            if begin:
                self._lock(folder, shared=False)
                self._require_same_configuration()  # another run may have begun the store
                self.create()
            self._lock(folder, shared=True)
            yield
        finally:
            os.close(folder)  # which gives the lock up, as the end of a killed process does

    def _lock(self, folder: int, shared: bool) -> None:
        try:
            fcntl.flock(folder, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            advice = f"wait until it has ended, or give this run another {self.root}"
            raise StoreError(f"{self.folder}: another run is writing these {self.content}; {advice}") from error
        except (OSError, NameError):
            pass

    def create(self) -> None:
        """Begin the store, or remove what a killed run left half-written; by one process, before any ``save``."""
        if self.fingerprint is None:
            raise ValueError("a store that is written needs the fingerprint of what makes it")
        for leftover in self.folder.glob("**/*.tmp"):
            if leftover.is_file():  # a video may be in a folder of such a name
                leftover.unlink()
        if not self.videos():
            manifest = {"content": self.content, "made_by": self.fingerprint.made_by}
            save(self.folder / MANIFEST, json.dumps(manifest, indent=2, sort_keys=True) + "\n")

    def path(self, video: str) -> Path:
        """The file of a video; a ``ValueError`` if the name would leave the store's folder."""
        name = PurePosixPath(video)
        if not name.name or name.is_absolute() or ".." in name.parts or str(name) != video or "\0" in video:
            raise ValueError(f"a video's name must be a relative path without '..', '.' or '//', got {video!r}")
        return self.folder / f"{name}.npz"

    def __contains__(self, video: str) -> bool:
        return self.path(video).exists()

    def videos(self) -> list[str]:
        """Names of the videos in the store, sorted."""
        files = (path for path in self.folder.glob("**/*.npz") if path.is_file())  # a video may be in such a folder
        return sorted(file.relative_to(self.folder).with_suffix("").as_posix() for file in files)

    def save(self, video: str, value) -> None:
        """Write what belongs to a video; a ``StoreError`` if it cannot be written."""
        if not self.exists:
            raise ValueError(f"{self.folder}: create() the store before saving to it")
        path = self.path(video)
        arrays = self._to_arrays(value)
        if sum(array.nbytes for array in arrays.values()) > MAX_BYTES:
            raise StoreError(f"{path}: {self.content} of more than {MAX_BYTES >> 30} GiB; divide the video")
        try:
            with whole_file(path) as temporary, open(temporary, "wb") as file:
                (np.savez_compressed if self.compressed else np.savez)(file, **arrays)
        except OSError as error:
            raise StoreError(f"{path}: cannot be written: {error}") from error

    def load(self, video: str):
        """Read what belongs to a video; a ``StoreError`` if it is not in the store or damaged."""
        return self._read(video, self._from_arrays)

    def _read(self, video: str, take: Callable):
        """What ``take`` makes of the arrays of a video, each read when it is taken."""
        path = self.path(video)
        if not path.exists():
            raise StoreError(f"{path}: no {self.content} of this video; make them with `{self.made_with}`")
        try:
            with np.load(path, allow_pickle=False) as arrays:
                if sum(member.file_size for member in arrays.zip.infolist()) > 2 * MAX_BYTES:  # with room for headers
                    raise ValueError(f"its arrays would take more than {MAX_BYTES >> 30} GiB")
                return take(arrays)
        except Exception as error:  # a damaged file can raise nearly anything
            raise StoreError(f"{path}: damaged ({error}); delete it and run `{self.made_with}` again") from error

    @abstractmethod
    def _to_arrays(self, value) -> dict[str, np.ndarray]: ...

    @abstractmethod
    def _from_arrays(self, arrays): ...


class DetectionStore(VideoStore):
    """The detections of every frame of every video: ``save(video, list[Detections])``, ``load(video)``."""

    content = "detections"

    def _to_arrays(self, value: Sequence[Detections]) -> dict[str, np.ndarray]:
        found = [Detections.empty(), *value]
        return {
            "counts": np.array([len(detections) for detections in value], dtype=np.int64),
            **{key: np.concatenate([getattr(of, key) for of in found]) for key in ("boxes", "scores", "labels")},
        }

    def _from_arrays(self, arrays) -> list[Detections]:
        counts = _array(arrays, "counts", "i", None)
        total = _total(counts, "counts", least=0)
        found = _array(arrays, "boxes", "f", total, 4), _array(arrays, "scores", "f", total)
        parts = (np.split(of, np.cumsum(counts))[:-1] for of in (*found, _array(arrays, "labels", "i", total)))
        return [Detections(*part) for part in zip(*parts, strict=True)]


@dataclass(frozen=True, eq=False)
class Proposals:
    """The tubes of one video, if any, in the linker's order.

    None may end after its ``num_frames``, which were decoded; ``size`` is ``(width, height)`` of a frame in pixels.
    """

    tubes: tuple[Tube, ...]
    num_frames: int
    size: tuple[int, int]

    def __post_init__(self) -> None:
        if min(self.num_frames, *self.size) < 1:
            raise ValueError(f"a video has frames, of a size, got {self.num_frames} of {self.size}")
        require_within(self.tubes, self.num_frames)


class TubeStore(VideoStore):
    """The proposals of every video: ``save(video, Proposals)``, ``load(video)``."""

    content = "tubes"

    def num_tubes(self, video: str) -> int:
        """How many tubes a video has; no box is read."""
        return self._read(video, lambda arrays: len(_array(arrays, "starts", "i", None)))

    def frame_size(self, video: str) -> tuple[int, int]:
        """``(width, height)`` of a video's frames; no box is read."""
        return self._read(video, _size)

    def _to_arrays(self, value: Proposals) -> dict[str, np.ndarray]:
        return {
            **_arrays_of_tubes(value.tubes),
            "num_frames": np.array(value.num_frames, dtype=np.int64),
            "size": np.array(value.size, dtype=np.int64),
        }

    def _from_arrays(self, arrays) -> Proposals:
        return Proposals(_tubes_of_arrays(arrays), int(_array(arrays, "num_frames", "i")), _size(arrays))


class FeatureStore(VideoStore):
    """What a model with a frozen encoder makes of a video, in several draws of its frames.

    ``save(entry(video, draw), sample)`` keeps a ``VideoSample`` with ``frame_features`` in float16, without its label
    and true tubes, which the dataset knows; ``load(entry(video, draw))``.
    """

    content = "features"
    made_with = "actorsup extract-features CONFIG"
    root = "features.root"
    compressed = False  # noise of half precision: smaller by a tenth, and ten times as slow to read

    @staticmethod
    def entry(video: str, draw: int) -> str:
        """The name under which a draw of a video is kept."""
        return f"draw_{draw}/{video}"

    def num_bytes(self, entries: Iterable[str]) -> int:
        """How large the files of these are together."""
        return sum(self.path(entry).stat().st_size for entry in entries)

    def load(self, video: str) -> VideoSample:
        """Read an entry; a ``StoreError`` if it is not in the store or damaged."""
        return replace(super().load(video), video=video.partition("/")[2])

    def _to_arrays(self, value: VideoSample) -> dict[str, np.ndarray]:
        features = value.frame_features.cpu()
        if not (halves := features.half()).isfinite().all():
            raise StoreError(
                f"{value.video}: its features reach {features.abs().max():g}, and half precision ends at 65504: they "
                "cannot be stored; --cfg-options features=None trains on frames"
            )
        labels = {} if value.tube_labels is None else {"tube_labels": value.tube_labels.numpy()}
        return {
            **_arrays_of_tubes(value.proposals),
            **labels,
            "frame_features": halves.numpy(),
            "frame_indices": value.frame_indices,
            "tubes": value.tubes.numpy(),
            "frame_mask": value.frame_mask.numpy(),
        }

    def _from_arrays(self, arrays) -> VideoSample:
        proposals = _tubes_of_arrays(arrays)
        frame_indices = _array(arrays, "frame_indices", "i", None)
        shape = len(proposals), len(frame_indices)
        labelled = "tube_labels" in arrays
        return VideoSample(
            video="",
            frame_indices=frame_indices,
            tubes=torch.from_numpy(_array(arrays, "tubes", "f", *shape, 4)),
            frame_mask=torch.from_numpy(_array(arrays, "frame_mask", "b", *shape)),
            proposals=proposals,
            tube_labels=torch.from_numpy(_array(arrays, "tube_labels", "i", shape[0])) if labelled else None,
            frame_features=torch.from_numpy(_array(arrays, "frame_features", "f", shape[0], *[None] * 4)),
        )


def _arrays_of_tubes(tubes: Sequence[Tube]) -> dict[str, np.ndarray]:
    return {
        "starts": np.array([tube.start for tube in tubes], dtype=np.int64),
        "lengths": np.array([len(tube) for tube in tubes], dtype=np.int64),
        "tube_scores": np.array([tube.score for tube in tubes], dtype=np.float64),
        "labels": np.array([tube.label for tube in tubes], dtype=np.int64),
        "boxes": np.concatenate([np.zeros((0, 4), np.float32), *(tube.boxes for tube in tubes)]),
        "box_scores": np.concatenate([np.zeros(0, np.float32), *(tube.scores for tube in tubes)]),
    }


def _tubes_of_arrays(arrays) -> tuple[Tube, ...]:
    starts = _array(arrays, "starts", "i", None)
    lengths, labels = (_array(arrays, key, "i", len(starts)) for key in ("lengths", "labels"))
    tube_scores = _array(arrays, "tube_scores", "f", len(starts))
    total = _total(lengths, "lengths", least=1)
    found = _array(arrays, "boxes", "f", total, 4), _array(arrays, "box_scores", "f", total)
    boxes, scores = (np.split(of, np.cumsum(lengths))[:-1] for of in found)
    return tuple(Tube(*part) for part in zip(starts, boxes, scores, tube_scores, labels, strict=True))


def _array(arrays, name: str, kind: str, *shape: int | None) -> np.ndarray:
    """An array of a kind of numbers and of a shape, in which None stands for any length."""
    with arrays.zip.open(f"{name}.npy") as file:  # what is announced, before memory is taken for it
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        there, _, dtype = read_header(file)
    fits = len(there) == len(shape) and all(side in (None, of) for side, of in zip(shape, there, strict=True))
    if dtype.kind != kind or not fits:
        what = {"i": "whole numbers", "f": "numbers", "b": "truth values"}[kind]
        raise ValueError(f"expected {what} of shape {shape} as {name!r}, got {dtype} of shape {there}")
    return arrays[name]


def _total(counts: np.ndarray, name: str, least: int) -> int:
    if (counts < least).any() or (counts > MAX_BYTES).any():
        raise ValueError(f"{name!r} must be from {least} to {MAX_BYTES}, got {brief(counts.tolist())}")
    return int(counts.sum())


def _size(arrays) -> tuple[int, int]:
    width, height = _array(arrays, "size", "i", 2).tolist()
    return width, height


def _anything(value) -> None:
    """Of a layout: what made a store is compared, and not looked into."""

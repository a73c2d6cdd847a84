"""Frames on disk as training takes them: decoded once, and scaled."""

import hashlib
import json
import logging
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO
from itertools import islice
from pathlib import Path
from uuid import uuid4

import av
import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.logging import print_log
from torch.utils.data import get_worker_info

from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.registry import TRANSFORMS

from .transforms import ResizeFrames, require_size

with suppress(ImportError):  # Windows has none
    import fcntl

# What is in a file (another number for another way of scaling too), and what made it.
VERSIONS = [1, av.__version__, cv2.__version__]
SUFFIX, UNFINISHED, LOCK = ".rgb", ".part", ".lock"


class FrameCache:
    """A folder with a file for each video: all of its frames, uint8 RGB, of one size, one after the other.

    Nothing is given up for something new: where each video is used once an epoch, no rule finds more of them. Several
    processes may use it. It can be deleted at any time. What cannot be read or written is done without, and said.

    Args:
        folder: where the files are.
        max_gigabytes: how large they may be together, in 10⁹ bytes; processes on a file system without locks may go
            beyond by a video each.
    """

    def __init__(self, folder: str | Path, max_gigabytes: float = 50.0) -> None:
        is_number = isinstance(max_gigabytes, int | float) and not isinstance(max_gigabytes, bool)
        if not is_number or not math.isfinite(max_gigabytes) or max_gigabytes <= 0:
            raise InputError(f"frame_cache.max_gigabytes must be a number above 0, got {max_gigabytes!r}")
        self.folder = Path(folder)
        self.max_bytes = int(1e9 * max_gigabytes)
        self._no_room_for = float("inf")  # bytes
        self._said: set[str] = set()

    def path(self, video: str | Path, of_video: Mapping, state: Mapping) -> Path:
        """The file for a video that is read with the settings ``of_video``.

        What the video's file is now, and ``state``, are part of the name: of one that was replaced nothing is found.
        """
        name = _hash([VERSIONS, str(Path(video).absolute()), dict(of_video)])
        return self.folder / f"{name}-{_hash([_look_of(Path(video)), dict(state)])}{SUFFIX}"

    def read(self, path: Path, indices: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray | None:
        """Frames ``(N, H, W, 3)`` of a file of frames of ``shape = (T, H, W)``; None if there is no whole one."""
        frames = np.empty((len(indices), *shape[1:], 3), np.uint8)
        num_bytes = frames[0].nbytes
        try:
            with open(path, "rb", buffering=0) as file:
                if os.fstat(file.fileno()).st_size != shape[0] * num_bytes:
                    raise ValueError("not as long as its frames")
                for frame, index in zip(frames, indices.tolist(), strict=True):
                    file.seek(index * num_bytes)
                    if file.readinto(frame) != num_bytes:
                        raise ValueError("ends early")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            self._say("broken", f"{path}: {error}; its video is decoded")
            if isinstance(error, ValueError):
                with suppress(OSError):
                    path.unlink()
            return None
        return frames

    @contextmanager
    def place_for(self, path: Path, num_bytes: int) -> Iterator[FileIO | None]:
        """A file to write so many bytes to; with as many of them it is there from now on, else removed.

        None if there is no room, or the file is there meanwhile.
        """
        file = unfinished = None
        try:
            if num_bytes < self._no_room_for:
                unfinished = path.with_name(f"{path.stem}.{uuid4().hex}{UNFINISHED}")  # of this process alone
                file = self._claim(path, unfinished, num_bytes)
        except OSError as error:
            self._say("refused", f"{self.folder}: no frames can be kept there: {error}")
        if file is None:
            yield None
            return
        whole = False
        try:
            yield file
            whole = file.tell() == num_bytes
        finally:
            try:
                if whole:
                    os.fsync(file.fileno())  # or a crash of the machine could leave the name and not the frames
                    with self._locked():
                        os.replace(unfinished, path)
            except OSError as error:
                self._say("refused", f"{self.folder}: no frames can be kept there: {error}")
            with suppress(OSError):
                unfinished.unlink()
            with suppress(OSError):
                file.close()

    def write(self, file: FileIO, frame: np.ndarray) -> bool:
        """Append a frame ``(H, W, 3)``, uint8; whether that was possible."""
        try:
            return file.write(np.ascontiguousarray(frame)) == frame.nbytes
        except OSError as error:
            self._say("refused", f"{self.folder}: no more frames can be kept there: {error}")
            return False

    def _claim(self, path: Path, unfinished: Path, num_bytes: int) -> FileIO | None:
        """The file, with all the disk that it will need, locked until it is closed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if path.exists():
                return None
            for of_another_state in self.folder.glob(f"{path.name.partition('-')[0]}-*{SUFFIX}"):
                of_another_state.unlink()
            self._remove_what_killed_processes_left()
            used = sum(entry.stat().st_size for entry in os.scandir(self.folder))
            if used + num_bytes > self.max_bytes:
                self._no_room_for = num_bytes
                worker = get_worker_info()
                if worker is None or worker.id == 0:
                    room = f"{used / 1e9:.1f} of at most {self.max_bytes / 1e9:g} GB of frames"
                    self._say("full", f"{self.folder}: {room}: other videos are decoded every time")
                return None
            file = FileIO(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666), "r+")
            try:
                _lock(file.fileno(), wait=False)
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, num_bytes)
                else:
                    file.truncate(num_bytes)
            except OSError:
                file.close()
                unfinished.unlink()
                raise
            return file

    def _remove_what_killed_processes_left(self) -> None:
        for unfinished in self.folder.glob(f"*{UNFINISHED}"):
            with open(unfinished, "rb") as file:
                if _lock(file.fileno(), wait=False):
                    unfinished.unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among the processes that begin or end a file."""
        with open(self.folder / LOCK, "ab") as lock:
            _lock(lock.fileno(), wait=True)
            yield

    def _say(self, kind: str, message: str) -> None:
        """Warn, once of each kind."""
        if kind not in self._said:
            print_log(message, logger="current", level=logging.WARNING)
        self._said.add(kind)


def _lock(file: int, wait: bool) -> bool:
    """Lock an open file until it is closed, which the end of a killed process does; whether it is locked.

    It is not if another process has the lock, or where there are no locks.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except (OSError, NameError):
        return False
    return True


def _look_of(video: Path) -> list:
    """What changes when a file, or one of a folder of frames, is replaced."""
    looks = []
    for file in sorted(video.iterdir()) if video.is_dir() else [video]:
        with suppress(OSError):  # a broken link; the reader says what it lacks
            look = file.stat()
            looks.append([file.name, look.st_size, look.st_mtime_ns, look.st_ctime_ns])
    return looks


def _hash(values: list) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]


@TRANSFORMS.register_module()
class ReadCachedFrames(BaseTransform):
    """``DecodeFrames`` and ``ResizeFrames`` in one, of a video that is decoded once; after ``AttachTubes``.

    The first time a video is used all of its frames are decoded, scaled and kept, from then on the sampled ones are
    read, byte by byte the same.

    Args:
        size: ``(width, height)`` in pixels, as of ``ResizeFrames``.
        folder: of a ``FrameCache``.
        max_gigabytes: of the folder; videos that have no room are decoded every time.
    """

    def __init__(self, size: tuple[int, int], folder: str, max_gigabytes: float = 50.0) -> None:
        self.resize = ResizeFrames(size)
        self.cache = FrameCache(folder, max_gigabytes)

    def transform(self, results: dict) -> dict:
        """Add ``frames (N, H, W, 3)``, uint8, RGB, and scale ``tubes (P, N, 4)``."""
        proposals = results["proposals"]
        (width, height), num_frames = self.resize.size, proposals.num_frames
        state = {"num_frames": num_frames, "size": proposals.size}
        path = self.cache.path(results["path"], {"reader": results["reader"], "size": self.resize.size}, state)
        frames = self.cache.read(path, results["frame_indices"], (num_frames, height, width))
        if frames is None:
            with self.cache.place_for(path, num_frames * height * width * 3) as file:
                frames = self._decode(results, file)
        return {**results, "frames": frames, "tubes": self.resize.scale_tubes(results["tubes"], proposals.size)}

    def _decode(self, results: dict, file: FileIO | None) -> np.ndarray:
        """The sampled frames, scaled; on the way to the last one of the video all of them go into the file."""
        video, indices = open_video(results["path"], results["reader"]), results["frame_indices"]
        found: dict[int, np.ndarray] = {}
        if file is not None:
            wanted = set(indices.tolist())
            for index, frame in enumerate(islice(video, results["proposals"].num_frames)):
                if index == 0:
                    require_size(results, frame)
                scaled = self.resize.scale_frame(frame)
                if not self.cache.write(file, scaled):
                    break
                if index in wanted:
                    found[index] = scaled
        if file is None or len(found) < len(wanted):
            frames = video.frames_at(indices)
            require_size(results, frames[0])
            return np.stack([self.resize.scale_frame(frame) for frame in frames])
        return np.stack([found[index] for index in indices.tolist()])

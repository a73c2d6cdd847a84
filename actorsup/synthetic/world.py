"""A world of puppets on disk, as ordinary images, videos and annotation."""

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from actorsup.errors import InputError

from .bodies import ACTORS
from .drawing import make_textures
from .performance import ACTIONS
from .script import WorldSettings, WorldSizes, write_action_scene, write_sequence, write_still

VERSION = 1  # of what is drawn; another one draws other pictures from the same settings
MANIFEST = "world.json"
# Every set has looks, places and chance of its own.
_SETS = ("train_stills", "val_stills", "sequences", "train_videos", "test_videos")
_SMALLEST_BOX = 4.0  # pixels along a side; less is no actor that one could annotate


@dataclass(frozen=True)
class PuppetWorld:
    """Still images, sequences and videos of synthetic actors, which follow from the settings alone.

    In ``root``::

        stills/train.json, val.json      COCO's format, images in stills/train/, stills/val/
        sequences/0000/                  frames and groundtruth.txt, one target a sequence
        videos/train/, videos/test/      <action>/0000.avi
        train.json                       names and labels of the training videos, nothing else
        test.json                        those of the test videos, and the true tubes
        train_with_tubes.json            the training videos with true tubes, for fully supervised upper bounds alone
        world.json                       the settings that drew all this
    """

    settings: WorldSettings
    sizes: WorldSizes

    @property
    def num_parts(self) -> int:
        """How many images, sequences and videos there are."""
        sizes = self.sizes
        videos = (sizes.train_videos + sizes.test_videos) * len(self.settings.actions)
        return sizes.train_stills + sizes.val_stills + sizes.sequences + videos

    def is_written(self, root: Path) -> bool:
        """Whether the folder holds this world; an ``InputError`` if it holds something else."""
        if not root.exists() or not any(root.iterdir()):
            return False
        try:
            found = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{root}: holds something else than a world of puppets ({error}); name another") from error
        expected = json.loads(json.dumps(self._manifest()))
        if found != expected:
            other = ", ".join(name for name in expected if found.get(name) != expected[name]) or "settings"
            raise InputError(f"{root}: holds a world with other {other}; delete it, or name another")
        return True

    def write(self, root: Path, num_processes: int | None = None) -> Iterator[str]:
        """Draw everything, and yield the name of each part when it is done. The folder appears when all is there.

        ``num_processes`` None takes one a core; 1 draws in this process, more need a program that they can import.
        """
        partial_root = root.with_name(f".{root.name}.partial")
        shutil.rmtree(partial_root, ignore_errors=True)
        partial_root.mkdir(parents=True)
        annotation: dict[str, list] = {name: [] for name in _SETS}
        number = num_processes or os.cpu_count()
        workers = ThreadPoolExecutor(1)
        if number > 1:
            workers = ProcessPoolExecutor(number, mp_context=get_context("spawn"), initializer=_prepare_process)
        try:
            for name, draw, arguments in self._parts(partial_root):
                annotation[name].append(workers.submit(draw, self.settings, *arguments))
            for name, parts in annotation.items():
                for index, part in enumerate(parts):
                    parts[index] = part.result()
                    yield f"{name} {index}"
        finally:
            workers.shutdown(cancel_futures=True)
        labels = [{key: entry[key] for key in ("video", "split", "labels")} for entry in annotation["train_videos"]]
        for file, content in (
            ("stills/train.json", _coco(annotation["train_stills"])),
            ("stills/val.json", _coco(annotation["val_stills"])),
            ("train.json", self._videos(labels)),
            ("train_with_tubes.json", self._videos(annotation["train_videos"])),
            ("test.json", self._videos(annotation["test_videos"])),
            (MANIFEST, self._manifest()),
        ):
            (partial_root / file).write_text(json.dumps(content, separators=(",", ":")) + "\n")
        if root.exists():
            root.rmdir()  # empty, or is_written would have said so
        partial_root.rename(root)

    def _manifest(self) -> dict:
        return {"version": VERSION, **asdict(self)}

    def _parts(self, root: Path) -> Iterator[tuple[str, Callable, tuple]]:
        """Set, function and its arguments of every part."""
        for name, split in (("train_stills", "train"), ("val_stills", "val")):
            (root / "stills" / split).mkdir(parents=True)
            for index in range(getattr(self.sizes, name)):
                yield name, draw_still, (name, index, root / "stills" / split)
        for index in range(self.sizes.sequences):
            yield "sequences", draw_sequence, (index, root / "sequences" / f"{index:04d}", self.sizes.sequence_frames)
        for name, split in (("train_videos", "train"), ("test_videos", "test")):
            for action in self.settings.actions:
                (root / "videos" / split / action).mkdir(parents=True)
                for index in range(getattr(self.sizes, name)):
                    yield name, draw_video, (name, action, index, root / "videos")

    def _videos(self, videos: list[dict]) -> dict:
        return {
            "format": "actorsup.videos",
            "version": 2,
            "name": "puppets",
            "classes": list(self.settings.actions),
            "class_actors": [ACTIONS[action].actor for action in self.settings.actions],
            "actors": list(ACTORS),
            "videos": videos,
        }


def draw_still(settings: WorldSettings, name: str, index: int, folder: Path) -> tuple[str, tuple[int, int], list]:
    """Write an image; return its file's name, its size, and of each actor category and box."""
    rng = _chance(settings, name, index)
    scene = write_still(rng, _textures(settings, name), settings)
    file = f"{index:06d}.jpg"
    _write_image(folder / file, next(scene.frames()), _quality(rng, settings))
    found = [(ACTORS.index(puppet.body.actor), scene.boxes(each)[0]) for each, puppet in enumerate(scene.puppets)]
    return file, settings.size, [(actor, box) for actor, box in found if (box[2:] - box[:2]).min() >= _SMALLEST_BOX]


def draw_sequence(settings: WorldSettings, index: int, folder: Path, num_frames: int) -> None:
    """Write frames and ``groundtruth.txt`` (x, y, width, height, the first pixel being 1) of one target."""
    rng = _chance(settings, "sequences", index)
    scene = write_sequence(rng, _textures(settings, "sequences"), settings, num_frames)
    quality = _quality(rng, settings)
    folder.mkdir(parents=True)
    for number, frame in enumerate(scene.frames(), start=1):
        _write_image(folder / f"{number:08d}.jpg", frame, quality)
    boxes = scene.boxes(int(rng.integers(len(scene.puppets))))
    lines = [f"{x1 + 1:.2f},{y1 + 1:.2f},{x2 - x1:.2f},{y2 - y1:.2f}" for x1, y1, x2, y2 in boxes]
    (folder / "groundtruth.txt").write_text("\n".join(lines) + "\n")


def draw_video(settings: WorldSettings, name: str, action: str, index: int, folder: Path) -> dict:
    """Write a video; return its entry in the annotation file, with the tubes of those that act."""
    rng = _chance(settings, name, index, list(ACTIONS).index(action))
    scene = write_action_scene(rng, _textures(settings, name), settings, action)
    split = name.removesuffix("_videos")
    video = f"{split}/{action}/{index:04d}"
    _write_video(folder / f"{video}.avi", scene.frames(), settings, _quality(rng, settings))
    start, end = scene.span
    boxes = [scene.boxes(puppet)[start:end].astype(float).round(2) for puppet in scene.performers]
    tubes = [{"label": action, "start": start, "boxes": of_one.tolist()} for of_one in boxes]
    shape = {"num_frames": len(scene.stage.cameras), "size": list(settings.size)}
    return {"video": video, "split": split, "labels": [action], **shape, "tubes": tubes}


def _chance(settings: WorldSettings, name: str, *which: int) -> Generator:
    return np.random.default_rng((settings.seed, _SETS.index(name), 1, *which))


@cache
def _textures(settings: WorldSettings, name: str) -> list[np.ndarray]:
    rng = np.random.default_rng((settings.seed, _SETS.index(name), 0))
    return make_textures(rng, settings.num_textures)


def _quality(rng: Generator, settings: WorldSettings) -> int:
    return int(rng.integers(*settings.quality, endpoint=True))


def _prepare_process() -> None:
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that waits takes Ctrl-C


def _write_image(path: Path, frame: np.ndarray, quality: int) -> None:
    _, encoded = cv2.imencode(path.suffix, frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    path.write_bytes(encoded.tobytes())


def _write_video(path: Path, frames: Iterator[np.ndarray], settings: WorldSettings, quality: int) -> None:
    """Motion JPEG, which every OpenCV writes the same way, and reads frame by frame."""
    codec = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, codec, settings.fps, settings.size)
    if not writer.isOpened():
        raise OSError(f"{path}: cannot be written")
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, quality)
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()


def _coco(stills: list[tuple[str, tuple[int, int], list]]) -> dict:
    images, annotations = [], []
    for image_id, (file, (width, height), actors) in enumerate(stills):
        images.append({"id": image_id, "file_name": file, "width": width, "height": height})
        for category, box in actors:
            x1, y1, x2, y2 = (round(float(value), 2) for value in box)
            shape = {"bbox": [x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)], "area": round((x2 - x1) * (y2 - y1), 2)}
            numbers = {"id": len(annotations) + 1, "image_id": image_id, "category_id": category + 1}
            annotations.append({**numbers, **shape, "iscrowd": 0})
    categories = [{"id": index + 1, "name": name} for index, name in enumerate(ACTORS)]
    return {"images": images, "annotations": annotations, "categories": categories}

"""Pairs of one still image each."""

import json
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from actorsup.errors import InputError
from actorsup.io.video_reader import IMAGE_SUFFIXES
from actorsup.registry import DATASETS

from .frame_pairs import PairAugmentation
from .pair_dataset import PairDataset


@DATASETS.register_module()
class StillPairs(PairDataset):
    """A box of a still image, cropped twice, each time with other stretch, light, sharpness and noise.

    Without boxes, random regions stand for targets: any part of a photograph can be found again in it.

    Args:
        images: folder of images.
        num_pairs: length of the data set.
        boxes: a JSON file as COCO's instances are: ``images`` with ``id`` and ``file_name``, ``annotations`` with
            ``image_id`` and ``bbox`` (x, y, width, height from 0); None draws regions.
        seed: another one gives other pairs.
        min_size: boxes with a shorter side, in pixels, are left out, as are crowds.
        augmentation: settings of ``PairAugmentation``; two crops of one image are alike but for these.

    Raises:
        InputError: if there is no image or box, the file is not as above, or an image cannot be read.
    """

    def __init__(
        self,
        images: str | Path,
        num_pairs: int,
        boxes: str | Path | None = None,
        seed: int = 0,
        min_size: float = 16.0,
        augmentation: Mapping | None = None,
    ) -> None:
        super().__init__(num_pairs, seed)
        self.min_size = min_size
        self.augmentation = PairAugmentation(**(augmentation or {"max_stretch": 0.15, "variation": 1.0}))
        folder = Path(images).expanduser()
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; the still images belong there")
        if boxes is None:
            files = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
            self.targets = [(path, None) for path in files]
        else:
            self.targets = read_coco_boxes(Path(boxes).expanduser(), folder, min_size)
        if not self.targets:
            raise InputError(f"{boxes or folder}: holds no {'image' if boxes is None else 'box of a usable size'}")

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See ``PairDataset.draw``."""
        path, box = self.targets[rng.integers(len(self.targets))]
        image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise InputError(f"{path}: cannot be read as an image")
        box = _random_region(rng, image.shape[1], image.shape[0], self.min_size) if box is None else box
        return self.augmentation.pair(rng, (image, image), np.stack([box, box]))


def read_coco_boxes(path: Path, folder: Path, min_size: float) -> list[tuple[Path, np.ndarray]]:
    """Image and box ``(4,)``, ``(x1, y1, x2, y2)``, of every annotation of a COCO file but crowds and small ones."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON: {error}") from error
    try:
        files = {image["id"]: folder / image["file_name"] for image in content["images"]}
        found = []
        for annotation in content["annotations"]:
            x, y, width, height = annotation["bbox"]
            if not annotation.get("iscrowd") and min(width, height) >= min_size:
                found.append((files[annotation["image_id"]], np.array([x, y, x + width, y + height], np.float64)))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: is not as COCO's instances files are (images: id, file_name; annotations: image_id, bbox): "
            f"{type(error).__name__}: {error}"
        ) from error
    return found


def _random_region(rng: np.random.Generator, width: int, height: int, min_size: float) -> np.ndarray:
    """A box inside an image, of a random size and up to three times as long as wide."""
    longest = min(width, height) / 2
    area = np.exp(rng.uniform(np.log(min(min_size, longest)), np.log(longest)))
    aspect = np.exp(rng.uniform(-np.log(3), np.log(3)) / 2)
    size = np.minimum((area * aspect, area / aspect), (width, height))
    start = rng.uniform(0, np.array([width, height]) - size)
    return np.concatenate([start, start + size])

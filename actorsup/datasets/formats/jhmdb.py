"""J-HMDB: 928 short clips of one person each, or of a few who do the same, of 21 actions, in three splits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from actorsup.errors import InputError
from actorsup.io.reading import naming, read_lines
from actorsup.registry import DATASET_FORMATS
from actorsup.structures import Tube

from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .matlab_file import read_matlab
from .reading import notes_of, tube_of_frames

SIZE = (320, 240)
LIST_ENDING = "_test_split{}.txt"
SPLITS = {"1": "train", "2": "test"}  # 0: in neither
NUM_JOINTS = 15


@DATASET_FORMATS.register_module()
@dataclass(frozen=True)
class JHMDB(DatasetFormat):
    """The clips of one split, by number from 1: ``splits/<action>_test_split1.txt`` with lines ``clip.avi 1``.

    A clip is the folder of frames ``<action>/<clip>``, as in ``Rename_Images``. Its boxes are those of the pixels that
    are not 0 in ``puppet_mask/<action>/<clip>/puppet_mask.mat`` (``part_mask (H, W, T)``). Frames with an empty mask
    are not annotated. The boxes that ACT-detector and MOC use are in ``JHMDB-GT.pkl``, which ``ACTPickle`` reads.

    Args:
        ann_file: the folder ``splits``.
        boxes: the folder ``puppet_mask``; or ``joint_positions``, whose files ``joint_positions.mat`` (``pos_img``,
            ``(2, 15, T)``) give boxes around the joints, which leave out a part of head, hands and feet.
        split_number: 1 to 3.
    """

    ann_file: str | Path = "splits"
    boxes: str | Path = "puppet_mask"
    split_number: int = 1

    source: ClassVar[str] = "the folder splits of J-HMDB (splits.tar.gz), with <action>_test_split1.txt and so on"
    videos_source: ClassVar[str] = "the folders of frames of Rename_Images.tar.gz"

    def files(self, splits: Sequence[str] | None, with_tubes: bool) -> Mapping[Path, str]:
        """See ``DatasetFormat.files``."""
        of_boxes = {self.below_root(self.boxes): "the folder puppet_mask of J-HMDB (puppet_mask.zip)"}
        return {self.path: self.source} | (of_boxes if with_tubes else {})

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        ending = LIST_ENDING.format(self.split_number)
        lists = {path.name.removesuffix(ending): path for path in sorted(self.path.glob(f"*{ending}"))}
        if not lists:
            raise ValueError(f"holds no list <action>{ending}; split_number is 1, 2 or 3")
        folder = self.below_root(self.boxes)
        videos, without, empty = [], [], []
        for label, (action, path) in enumerate(lists.items()):
            for clip, split in _listed(path):
                video, tubes, num_frames = f"{action}/{clip}", None, None
                if with_tubes and (splits is None or split in splits):
                    if (of_clip := _boxes(folder / video)) is None:
                        without.append(video)
                    else:
                        tube, num_frames, num_empty = _tube(of_clip, label)
                        tubes = () if tube is None else (tube,)
                        empty += [f"{video} ({num_empty})"] if num_empty else []
                videos.append(LabelledVideo(video, split, (label,), num_frames, SIZE, tubes))
        found = {f"clips have no boxes in {folder}": without, "clips have frames with an empty mask": empty}
        return VideoCollection("jhmdb", tuple(lists), tuple(videos), None, ("person",), notes_of(found))


def _listed(path: Path) -> list[tuple[str, str]]:
    """Clips of a list with their splits, without those of neither."""
    listed: dict[str, str] = {}
    for number, line in read_lines(path):
        with naming(f"{path}, line {number}: {line!r}", InputError):
            name, *usage = line.split()
            if len(usage) != 1 or usage[0] not in ("0", *SPLITS):
                raise ValueError("expected a clip and 0, 1 for training or 2 for testing")
            clip = name.removesuffix(".avi")
            if clip in listed:
                raise ValueError("the clip was listed before")
            listed[clip] = usage[0]
    return [(clip, SPLITS[usage]) for clip, usage in listed.items() if usage in SPLITS]


def _boxes(folder: Path) -> np.ndarray | None:
    """Boxes ``(T, 4)`` of every frame, NaN where a mask is empty; None without a file."""
    masks, joints = folder / "puppet_mask.mat", folder / "joint_positions.mat"
    if masks.is_file():
        with naming(masks, InputError):
            mask = read_matlab(masks).get("part_mask")
            if not isinstance(mask, np.ndarray) or mask.ndim not in (2, 3) or mask.shape[:2] != SIZE[::-1]:
                shape = getattr(mask, "shape", None)
                raise ValueError(f"expected 'part_mask' of shape (240, 320, frames), got {shape}")
            return np.array([_around(of_frame) for of_frame in np.moveaxis(np.atleast_3d(mask), 2, 0)])
    if joints.is_file():
        with naming(joints, InputError):
            places = read_matlab(joints).get("pos_img")
            if (
                not isinstance(places, np.ndarray)
                or places.shape[:2] != (2, NUM_JOINTS)
                or not np.isfinite(places).all()
            ):
                shape = getattr(places, "shape", None)
                raise ValueError(f"expected finite 'pos_img' of shape (2, {NUM_JOINTS}, frames), got {shape}")
            places = places.reshape(2, NUM_JOINTS, -1) - 0.5  # the first pixel's centre is 1 there
            return np.concatenate([places.min(axis=1), places.max(axis=1)]).T
    return None


def _around(mask: np.ndarray) -> list[float]:
    """The box of the pixels that are not 0."""
    rows, columns = (np.flatnonzero((mask != 0).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return [np.nan] * 4
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


def _tube(boxes: np.ndarray, label: int) -> tuple[Tube | None, int, int]:
    """The tube of a clip, its number of frames, and of those without a box."""
    frames = np.flatnonzero(~np.isnan(boxes).any(axis=1))
    tube = tube_of_frames(frames, boxes[frames], label) if len(frames) else None
    return tube, len(boxes), len(boxes) - len(frames)

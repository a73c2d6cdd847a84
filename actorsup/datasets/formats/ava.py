"""AVA and AVA-Kinetics: boxes of people in keyframes, each with one action a row."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from actorsup.errors import InputError
from actorsup.io.reading import naming, read_csv, read_text, require
from actorsup.registry import DATASET_FORMATS
from actorsup.structures import Tube

from .collection import DatasetFormat, LabelledVideo, VideoCollection
from .reading import notes_of, number_of, tube_of_frames

UNIT = (1, 1)  # the boxes are shares of the frame
LEAST, MOST = -1.0, 2.0  # a box further outside is in pixels
ITEM = re.compile(r"(?:item|label)\s*\{(.*?)\}", re.DOTALL)
NAME = re.compile(r"""\bname\s*:\s*(?:"([^"]*)"|'([^']*)')""")
NUMBER = re.compile(r"\b(?:label_)?id\s*:\s*(\d+)")


class AVARow(NamedTuple):
    """A row of a CSV file: a box that shows one action, or a keyframe without any."""

    video: str
    frame: int
    box: tuple[float, float, float, float] | None = None  # shares of width and height
    action: int | None = None  # as the file numbers them, from 1
    last: str | None = None  # person in annotation, score in predictions


@DATASET_FORMATS.register_module()
@dataclass(frozen=True)
class AVA(DatasetFormat):
    """One CSV file of AVA (v2.2) or AVA-Kinetics: ``video, second, x1, y1, x2, y2, action, person``.

    A person who does an action in keyframes one second apart is one sparse true tube of it, annotated at the keyframes;
    a row without a person is a tube of one frame. The size is ``(1, 1)``: boxes are shares of the frame. A video shows
    the actions of its tubes; there is none in a row without boxes, as AVA-Kinetics has them.

    Args:
        label_map: ``ava_action_list_…pbtxt``; rows of actions that it does not list are left out, as AVA's evaluation
            does. None takes the actions of the file, without names.
        excluded_timestamps: CSV of ``video, second``: keyframes that are left out.
        split: of all videos of the file.
        frame_rate: of the videos; AVA's clips have 30 frames a second after the usual extraction.
        first_second: of the original at which the videos begin; AVA's annotation begins in the sixteenth minute.
    """

    label_map: str | Path | None = None
    excluded_timestamps: str | Path | None = None
    split: str = "test"
    frame_rate: float = 30.0
    first_second: float = 900.0

    source = "AVA's ava_train_v2.2.csv or ava_val_v2.2.csv, or kinetics_…_v1.0.csv of AVA-Kinetics"

    def load(self, splits: Sequence[str] | None, with_tubes: bool) -> VideoCollection:
        """See ``DatasetFormat.load``."""
        numbers = {action: label for label, action in enumerate(self.actions())}
        excluded = self.excluded()
        marked: dict[str, dict] = defaultdict(lambda: defaultdict(dict))  # {video: {(person, label): {frame: box}}}
        unknown: dict[str, None] = {}
        for place, row in self.rows(self.path):
            of_video = marked[row.video]
            if row.box is None or row.frame in excluded.get(row.video, ()):
                continue
            if row.action not in numbers:
                unknown[str(row.action)] = None
                continue
            of_person = of_video[row.last or place, numbers[row.action]]
            if row.frame in of_person:
                raise InputError(
                    f"{self.path}, {place}: person {row.last} has action {row.action} in this keyframe already"
                )
            of_person[row.frame] = row.box
        videos = []
        for video, by_person in marked.items():
            tubes = tuple(tube for (_, label), boxes in by_person.items() for tube in self._tubes(boxes, label))
            labels = tuple({tube.label for tube in tubes})
            videos.append(LabelledVideo(video, self.split, labels, None, UNIT, tubes))
        notes = notes_of({"actions are not in the label map, their rows are left out": list(unknown)})
        return VideoCollection(self.path.stem, tuple(self.actions().values()), tuple(videos), notes=notes)

    def actions(self) -> Mapping[int, str]:
        """The names of the actions by their numbers, in the order of the label map."""
        if self.label_map is None:
            listed = sorted({row.action for _, row in self.rows(self.path) if row.box is not None})
            if not listed:
                raise InputError(f"{self.path}: has no box")
            return {number: f"action {number}" for number in listed}
        path = self.below_root(self.label_map)
        found: dict[int, str] = {}
        for item in ITEM.findall(read_text(path)):
            name, number = NAME.search(item), NUMBER.search(item)
            if not name or not number:
                raise InputError(f"{path}: expected a name and an id in each item, got {item.strip()!r:.80}")
            if int(number[1]) in found:
                raise InputError(f"{path}: names the id {number[1]} several times")
            found[int(number[1])] = name[1] or name[2]
        if not found:
            raise InputError(f'{path}: lists no action; expected items such as item {{ name: "sit" id: 11 }}')
        return found

    def excluded(self) -> dict[str, set[int]]:
        """The frames of each video that are left out."""
        found: dict[str, set[int]] = defaultdict(set)
        if self.excluded_timestamps is not None:
            path = self.below_root(self.excluded_timestamps)
            for number, cells in read_csv(path):
                with naming(f"{path}, line {number}", InputError):
                    if len(cells) != 2:
                        raise ValueError(f"expected video and second, got {len(cells)} cells")
                    found[cells[0]].add(self.frame_at(cells[1]))
        return found

    def rows(self, path: Path) -> Iterator[tuple[str, AVARow]]:
        """Place and content of each row of an annotation, or of predictions."""
        for number, cells in read_csv(path):
            place, cells = f"line {number}", [cell.strip() for cell in cells]
            with naming(f"{path}, {place}", InputError):
                if number == 1 and not re.fullmatch(r"[\d.]+", "".join(cells[1:2])):
                    continue  # a header
                if len(cells) not in (2, 7, 8):
                    raise ValueError(
                        f"expected video, second, x1, y1, x2, y2, action and person or score, got {len(cells)} cells"
                    )
                video, frame = require(cells[0], "video", str), self.frame_at(cells[1])
                if not any(cells[2:]):
                    yield place, AVARow(video, frame)
                    continue
                x1, y1, x2, y2 = box = tuple(number_of(cell, float) for cell in cells[2:6])
                if not LEAST <= x1 <= x2 <= MOST or not LEAST <= y1 <= y2 <= MOST:
                    raise ValueError(f"boxes are x1 <= x2, y1 <= y2, shares of the frame from 0 to 1, got {box}")
                yield place, AVARow(video, frame, box, number_of(cells[6], int), "".join(cells[7:]) or None)

    def frame_at(self, second: str) -> int:
        """The frame of a keyframe, from 0."""
        frame = (number_of(second, float) - self.first_second) * self.frame_rate
        if not np.isfinite(frame) or frame < 0:
            raise ValueError(f"second {second} is before the video, which begins at {self.first_second:g}")
        return round(frame)

    def _tubes(self, boxes: Mapping[int, Sequence[float]], label: int) -> Iterator[Tube]:
        """A tube for each run of keyframes of one second."""
        frames = sorted(boxes)
        breaks = [index for index, (a, b) in enumerate(pairwise(frames), 1) if b - a > 1.01 * self.frame_rate]
        for start, end in pairwise([0, *breaks, len(frames)]):
            run = frames[start:end]
            yield tube_of_frames(run, [boxes[frame] for frame in run], label)

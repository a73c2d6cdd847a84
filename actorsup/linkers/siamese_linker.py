"""The detections of a whole video in one list, as Algorithm 1 goes through them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.registry import LINKERS, TRACKERS
from actorsup.structures import Detections, Tube, box_areas, clip_boxes, elementwise_iou, pairwise_iou

from .linker import Linker, check_lengths


@dataclass(frozen=True)
class Candidates:
    """All detections of a video: ``D`` in Algorithm 1.

    Args:
        frame_index: ``(D,)``, the frame of each, ascending.
        boxes: ``(D, 4)``, cut to the frame.
        scores: ``(D,)``.
        labels: ``(D,)``, actor category.
    """

    frame_index: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, detections: Sequence[Detections], size: tuple[int, int]) -> "Candidates":
        """Those of each frame, of ``size = (width, height)``."""
        return cls(
            np.repeat(np.arange(len(detections)), [len(found) for found in detections]),
            clip_boxes(np.concatenate([found.boxes for found in detections]), size),
            np.concatenate([found.scores for found in detections]),
            np.concatenate([found.labels for found in detections]),
        )

    def best(self, remaining: np.ndarray) -> int:
        """The index of the highest score among the remaining ``(D,)``; of equals the earliest."""
        return int(np.argmax(np.where(remaining, self.scores, -np.inf)))


MIN_OVERLAP = 0.3  # from which a detection is taken to be the same actor one frame later


def foresee_seeds(
    candidates: Candidates,
    remaining: np.ndarray,
    known_boxes: Mapping[int, np.ndarray],
    num_frames: int,
    num_tubes: int,
    overlap_threshold: float,
    max_seeds: int,
) -> list[int]:
    """Run Algorithm 1 with guessed tubes, and note what it would have to track.

    Args:
        candidates: all detections.
        remaining: ``(D,)``, those that Algorithm 1 has left.
        known_boxes: boxes ``(T, 4)`` of the tracks that are there already, by candidate.
        num_frames: T.
        num_tubes: how many tubes it will still make at most.
        overlap_threshold: Algorithm 1's.
        max_seeds: how many to name at most.

    Returns:
        Indices of candidates without a known track, the next one first; at least one if any remains.
    """
    remaining = remaining.copy()
    seeds: list[int] = []
    for _ in range(num_tubes):
        if len(seeds) == max_seeds or not remaining.any():
            break
        best = candidates.best(remaining)
        boxes = known_boxes.get(best)
        if boxes is None:
            seeds.append(best)
            boxes = guess_track(candidates, best, num_frames)
        remaining &= elementwise_iou(candidates.boxes, boxes[candidates.frame_index]) < overlap_threshold
        remaining[best] = False
    return seeds


def guess_track(candidates: Candidates, seed: int, num_frames: int) -> np.ndarray:
    """Boxes ``(T, 4)`` of a candidate that goes to the next frame's detection that overlaps it most, or stands still.

    It keeps its aspect ratio, as a Siamese tracker's box does: centre and area are those of the detection.
    """
    starts = np.searchsorted(candidates.frame_index, np.arange(num_frames + 1))
    first = int(candidates.frame_index[seed])
    boxes = np.empty((num_frames, 4), dtype=np.float32)
    for order in (range(first, num_frames), range(first, -1, -1)):
        box = candidates.boxes[seed]
        for frame in order:
            found = candidates.boxes[starts[frame] : starts[frame + 1]]
            if len(found):
                overlaps = pairwise_iou(box[None], found)[0]
                if overlaps.max() >= MIN_OVERLAP:
                    box = _with_shape_of(candidates.boxes[seed], found[overlaps.argmax()])
            boxes[frame] = box
    return boxes


def _with_shape_of(shape: np.ndarray, box: np.ndarray) -> np.ndarray:
    """A box with the centre and the area of the second and the aspect ratio of the first."""
    size, found = shape[2:] - shape[:2], box[2:] - box[:2]
    half = size * np.sqrt(found.prod() / size.prod()) / 2
    center = (box[:2] + box[2:]) / 2
    return np.concatenate([center - half, center + half])


Track = tuple[np.ndarray, np.ndarray]  # boxes (T, 4), scores (T,)


@LINKERS.register_module()
class SiameseLinker(Linker):
    """Actor linking by similarity (paper, Sec. 3.1 and Algorithm 1). Its tubes span the whole video.

    A track depends on nothing but the detection that it begins with. So the detections that the algorithm will probably
    choose next are tracked together, ahead of time, and it then runs on as written. A track that it does not come to,
    because an accepted tube explains its detection, was in vain; the tubes are those of one track at a time: bit for
    bit on a CPU, but for rounding on a GPU or with shared features.

    Args:
        tracker: config of the tracker that follows a detection; the paper's is a ``SiameseTracker``.
        max_tubes: the algorithm's ``N``.
        overlap_threshold: IoU with a tube's box in their frame from which detections are dropped (Sec. 4.2).
        batch_size: detections to track together at most; 1 tracks none in vain.
    """

    def __init__(self, tracker: dict, max_tubes: int = 20, overlap_threshold: float = 0.7, batch_size: int = 1) -> None:
        if max_tubes < 1 or not 0 < overlap_threshold <= 1 or batch_size < 1:
            raise ValueError(
                "expected max_tubes >= 1, 0 < overlap_threshold <= 1 and batch_size >= 1, "
                f"got {max_tubes}, {overlap_threshold} and {batch_size}"
            )
        self.tracker = TRACKERS.build(tracker)
        self.max_tubes = max_tubes
        self.overlap_threshold = overlap_threshold
        self.batch_size = batch_size

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``; the lines are those of Algorithm 1."""
        check_lengths(frames, detections)
        height, width = frames[0].shape[:2]
        candidates = Candidates.of(detections, (width, height))  # line 3
        remaining = box_areas(candidates.boxes) > 0  # what lies outside the frame cannot be tracked
        tracks: dict[int, Track] = {}

        tubes: list[Tube] = []  # lines 4 and 5
        while remaining.any() and len(tubes) < self.max_tubes:  # line 6
            best = candidates.best(remaining)  # line 7
            if best not in tracks:  # line 8, for this one and its probable successors
                seeds = self._seeds(candidates, remaining, tracks, len(frames), self.max_tubes - len(tubes))
                tracks |= self._track(frames, candidates, seeds)
            boxes, scores = tracks.pop(best)
            tubes.append(Tube(0, boxes, scores, candidates.scores[best], candidates.labels[best]))  # lines 9 and 11
            overlaps = elementwise_iou(candidates.boxes, boxes[candidates.frame_index])
            remaining &= overlaps < self.overlap_threshold  # line 10
            remaining[best] = False  # rounding must not keep what the tube began with
        return tubes

    def _seeds(
        self, candidates: Candidates, remaining: np.ndarray, tracks: dict[int, Track], num_frames: int, num_left: int
    ) -> list[int]:
        """The detections to track next, in the order of their frames."""
        known_boxes = {seed: boxes for seed, (boxes, _) in tracks.items()}
        seeds = foresee_seeds(
            candidates, remaining, known_boxes, num_frames, num_left, self.overlap_threshold, self.batch_size
        )
        return sorted(seeds)

    def _track(self, frames: Sequence[np.ndarray], candidates: Candidates, seeds: Sequence[int]) -> dict[int, Track]:
        """The tracks of candidates, in the order of their frames: one pass up the video and one down."""
        tracks = {seed: (np.empty((len(frames), 4), np.float32), np.ones(len(frames), np.float32)) for seed in seeds}
        for seed in seeds:
            tracks[seed][0][candidates.frame_index[seed]] = candidates.boxes[seed]
        self._follow(frames, candidates, seeds, range(candidates.frame_index[seeds[0]], len(frames)), tracks)
        self._follow(frames, candidates, seeds[::-1], range(candidates.frame_index[seeds[-1]], -1, -1), tracks)
        return tracks

    def _follow(
        self,
        frames: Sequence[np.ndarray],
        candidates: Candidates,
        seeds: Sequence[int],
        order: Iterable[int],
        tracks: dict[int, Track],
    ) -> None:
        """Fill in the boxes and scores in one direction; each seed joins in its frame.

        Args:
            frames: of the video.
            candidates: all detections.
            seeds: candidates in the order in which their frames come.
            order: frames, from that of the first seed on.
            tracks: of the seeds, to be filled in.
        """
        num_followed = 0
        for index in order:
            image = frames[index]
            if num_followed:
                boxes, scores = self.tracker.update(image)
                for seed, box, score in zip(seeds[:num_followed], boxes, scores, strict=True):
                    tracks[seed][0][index], tracks[seed][1][index] = box, score
            joining = [seed for seed in seeds[num_followed:] if candidates.frame_index[seed] == index]
            if joining:
                take = self.tracker.add if num_followed else self.tracker.init
                take(image, candidates.boxes[joining])
                num_followed += len(joining)

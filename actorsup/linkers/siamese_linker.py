"""Algorithm 1: the best detection of a whole video is tracked, what its tube explains is dropped, and so on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event, Lock

import numpy as np

from actorsup.device import num_threads, one_thread
from actorsup.registry import LINKERS, TRACKERS
from actorsup.structures import Detections, Tube, box_areas, clip_boxes, elementwise_iou, pairwise_iou

from .linker import Linker, frame_size

Track = tuple[np.ndarray, np.ndarray]  # boxes (T, 4), scores (T,)
MIN_OVERLAP = 0.3  # from which a detection is taken to be the same actor one frame later


@dataclass(frozen=True)
class Candidates:
    """All detections of a video: ``D`` in Algorithm 1."""

    frame_index: np.ndarray  # ``(D,)``, the frame of each, ascending
    boxes: np.ndarray  # ``(D, 4)``, cut to the frame
    scores: np.ndarray  # ``(D,)``
    labels: np.ndarray  # ``(D,)``, actor category

    @classmethod
    def of(cls, detections: Sequence[Detections], size: tuple[int, int]) -> "Candidates":
        """Those of each frame, of ``size = (width, height)``."""
        return cls(
            np.repeat(np.arange(len(detections)), [len(found) for found in detections]),
            clip_boxes(np.concatenate([found.boxes for found in detections]), size),
            np.concatenate([found.scores for found in detections]),
            np.concatenate([found.labels for found in detections]),
        )

    def choose(
        self,
        track: Callable[[int, np.ndarray], np.ndarray],
        num_tubes: int,
        overlap_threshold: float,
        remaining: np.ndarray | None = None,
    ) -> Iterator[int]:
        """Run the loop of Algorithm 1, whose lines are named here; yield each candidate that it tracks.

        ``track`` gives the boxes ``(T, 4)`` of a candidate's track, by its index and the candidates that remain, bool
        ``(D,)``: at first ``remaining``, or all that do not lie outside the frame.
        """
        remaining = box_areas(self.boxes) > 0 if remaining is None else remaining.copy()
        for _ in range(num_tubes):  # line 6
            if not remaining.any():
                return
            best = int(np.argmax(np.where(remaining, self.scores, -np.inf)))  # line 7; of equal scores the earliest
            boxes = track(best, remaining)  # line 8
            yield best  # line 9
            remaining &= elementwise_iou(self.boxes, boxes[self.frame_index]) < overlap_threshold  # line 10
            remaining[best] = False  # rounding must not keep what the track began with


@LINKERS.register_module()
class SiameseLinker(Linker):
    """Actor linking by similarity (paper, Sec. 3.1 and Algorithm 1). Its tubes span the whole video.

    A track depends on nothing but the detection that it begins with, so the detections that the algorithm will probably
    choose next are tracked together, some in vain. The tubes are those of one track at a time: bit for bit on a CPU,
    but for rounding on a GPU or with shared features. Up and down the video are tracked at once where there are several
    threads (``actorsup.device.num_threads``) and the tracker has a ``twin``.

    Args:
        tracker: config of the tracker that follows a detection; the paper's is a ``SiameseTracker``.
        max_tubes: the algorithm's ``N``.
        overlap_threshold: IoU with a tube's box in their frame from which detections are dropped (Sec. 4.2).
        batch_size: detections to track together at most; 1 tracks none in vain.
    """

    def __init__(self, tracker: dict, max_tubes: int = 20, overlap_threshold: float = 0.7, batch_size: int = 1) -> None:
        if max_tubes < 1 or not 0 < overlap_threshold <= 1 or batch_size < 1:
            expected = "max_tubes >= 1, 0 < overlap_threshold <= 1 and batch_size >= 1"
            raise ValueError(f"expected {expected}, got {max_tubes}, {overlap_threshold} and {batch_size}")
        self.tracker = TRACKERS.build(tracker)
        self.max_tubes = max_tubes
        self.overlap_threshold = overlap_threshold
        self.batch_size = batch_size

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``."""
        candidates = Candidates.of(detections, frame_size(frames, detections))
        tracks: dict[int, Track] = {}
        tubes: list[Tube] = []

        def track(best: int, remaining: np.ndarray) -> np.ndarray:
            """Track this candidate and its probable successors, unless it was one of them before."""
            if best not in tracks:
                known = {seed: boxes for seed, (boxes, _) in tracks.items()}
                num_left = self.max_tubes - len(tubes)
                lookahead = look_ahead(
                    candidates, remaining, known, len(frames), num_left, self.overlap_threshold, self.batch_size
                )
                tracks.update(self._track(frames, candidates, sorted(lookahead)))
            return tracks[best][0]

        for best in candidates.choose(track, self.max_tubes, self.overlap_threshold):  # lines 4 to 11
            tubes.append(Tube(0, *tracks.pop(best), candidates.scores[best], candidates.labels[best]))
        return tubes

    def _track(self, frames: Sequence[np.ndarray], candidates: Candidates, seeds: list[int]) -> dict[int, Track]:
        """The tracks of candidates, in the order of their frames: one pass up the video and one down."""
        tracks = {seed: (np.empty((len(frames), 4), np.float32), np.ones(len(frames), np.float32)) for seed in seeds}
        starts = candidates.frame_index
        for seed in seeds:
            tracks[seed][0][starts[seed]] = candidates.boxes[seed]
        reading, stopped = Lock(), Event()

        def follow(tracker, order: range, passing: list[int]) -> None:
            followed: list[int] = []
            for index in order:
                if stopped.is_set():
                    return
                with reading:
                    image = frames[index]
                if followed:
                    for seed, box, score in zip(followed, *tracker.update(image), strict=True):
                        tracks[seed][0][index], tracks[seed][1][index] = box, score
                joining = [seed for seed in passing if starts[seed] == index]
                if joining:
                    take = tracker.add if followed else tracker.init
                    take(image, candidates.boxes[joining])
                    followed += joining

        up = range(starts[seeds[0]], len(frames)), seeds
        down = range(starts[seeds[-1]], -1, -1), seeds[::-1]
        twin = self.tracker.twin() if num_threads() > 1 else None
        if twin is None:
            follow(self.tracker, *up)
            follow(self.tracker, *down)
            return tracks
        with one_thread(), ThreadPoolExecutor(2) as pool:
            try:
                passes = [pool.submit(follow, self.tracker, *up), pool.submit(follow, twin, *down)]
                wait(passes, return_when=FIRST_EXCEPTION)
            finally:
                stopped.set()
            for done in passes:
                done.result()
        return tracks


def look_ahead(
    candidates: Candidates,
    remaining: np.ndarray,
    known_boxes: Mapping[int, np.ndarray],
    num_frames: int,
    num_tubes: int,
    overlap_threshold: float,
    max_seeds: int,
) -> list[int]:
    """The first candidates that Algorithm 1 would track, with guesses where no track is in ``known_boxes``."""
    seeds: list[int] = []

    def guess(best: int, _: np.ndarray) -> np.ndarray:
        return known_boxes[best] if best in known_boxes else guess_track(candidates, best, num_frames)

    for best in candidates.choose(guess, num_tubes, overlap_threshold, remaining):
        seeds += [best] if best not in known_boxes else []
        if len(seeds) == max_seeds:
            break
    return seeds


def guess_track(candidates: Candidates, seed: int, num_frames: int) -> np.ndarray:
    """Boxes ``(T, 4)`` of a candidate that follows the detection that overlaps it most, or stands still.

    Centre and area are those of the detection, the aspect ratio stays, as a Siamese tracker's does.
    """
    starts = np.searchsorted(candidates.frame_index, np.arange(num_frames + 1))
    first = int(candidates.frame_index[seed])
    size = candidates.boxes[seed, 2:] - candidates.boxes[seed, :2]
    boxes = np.empty((num_frames, 4), dtype=np.float32)
    for order in (range(first, num_frames), range(first, -1, -1)):
        box = candidates.boxes[seed]
        for frame in order:
            found = candidates.boxes[starts[frame] : starts[frame + 1]]
            if len(found):
                overlaps = pairwise_iou(box[None], found)[0]
                if overlaps.max() >= MIN_OVERLAP:
                    low, high = found[overlaps.argmax()].reshape(2, 2)
                    half = size * np.sqrt((high - low).prod() / size.prod()) / 2
                    center = (low + high) / 2
                    box = np.concatenate([center - half, center + half])
            boxes[frame] = box
    return boxes

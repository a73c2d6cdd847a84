"""Long and endless videos: windows that overlap, and stitching of their tubes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice

import numpy as np

from actorsup.io import StreamedFrames, VideoFrames
from actorsup.structures import ActionTube, Detections, Tube, tube_iou


class FrameSpan(Sequence[np.ndarray]):
    """The ``num_frames`` frames of a video from index ``start`` on, not copied."""

    def __init__(self, frames: VideoFrames | StreamedFrames, start: int, num_frames: int) -> None:
        self._frames, self._indices = frames, range(start, start + num_frames)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> np.ndarray:
        return self._frames[self._indices[index]]


@dataclass(frozen=True, eq=False)
class Window:
    """A stretch of a video, linked and classified at once."""

    start: int  # index of its first frame in the video
    frames: FrameSpan
    detections: Sequence[Detections]  # of each frame
    finished: int  # frames of the video before this one are in no later window; for the last window the video's end


def windows(
    frames: VideoFrames | StreamedFrames, found: Iterable[Detections], length: int, overlap: int
) -> Iterator[Window]:
    """The windows of a video, each as soon as the detections ``found`` in its frames are there.

    With ``length = 6, overlap = 2``, a video of 13 frames::

        frame      0 1 2 3 4 5 6 7 8 9 …
        window 0   x x x x x x
        window 1           x x x x x x
        window 2                   x x x x x

    Every frame is detected once. A stream holds at most a window's frames and those that the detector reads ahead.
    """
    found = iter(found)
    detections: list[Detections] = []
    start = 0
    following = next(found, None)
    while following is not None:
        detections += [following, *islice(found, length - len(detections) - 1)]
        following = next(found, None)
        end = start + len(detections)
        finished = end if following is None else end - overlap
        yield Window(start, FrameSpan(frames, start, len(detections)), tuple(detections), finished)
        detections = detections[len(detections) - overlap :]
        start = end - overlap
        if isinstance(frames, StreamedFrames):
            frames.forget(start)


@dataclass(frozen=True, eq=False)
class TrackPiece:
    """What is finished of one tube."""

    track: int  # number of the tube; its later pieces have the same
    tube: Tube  # the finished frames that were not given before
    scores: np.ndarray  # (K,), the mean over the windows it was in so far, weighed by its frames in each


@dataclass(eq=False)
class _Track:
    """A tube that may go on."""

    number: int
    tail: Tube | None  # what is not finished
    score_sum: np.ndarray
    weight: int = 0


class TubeStitcher:
    """Take the tubes of one window after the other and give what of them is finished.

    A tube goes on in at most one tube of the next window, of the same actor category, if their IoU in space and time in
    the frames that both windows share reaches ``threshold``, the best pairs first. Up to the middle of the frames that
    both tubes have, the boxes are those of the earlier one. A tube that does not go on ends, and one that nothing went
    before begins, in the middle of the shared frames.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._tracks: list[_Track] = []
        self._numbers = count()

    def add(self, tubes: Sequence[Tube], scores: np.ndarray, shared: range, finished: int) -> list[TrackPiece]:
        """Stitch a window's ``P`` tubes, in frames of the video, with scores ``(P, K)``, to those before.

        ``shared`` are the frames that the window shares with the one before, none for the first; those before frame
        ``finished`` are in no later window.
        """
        middle = (shared.start + shared.stop) // 2 if shared else 0
        before = self._pairs(tubes, shared)
        continued = set(before.values())
        known = [track for track in self._tracks if track not in continued]
        for track in known:
            track.tail = cut(track.tail, 0, middle)
        for index, tube in enumerate(tubes):
            if (track := before.get(index)) is not None:
                track.tail = splice(track.tail, tube)
            elif (tail := cut(tube, middle, tube.end)) is not None:
                track = _Track(next(self._numbers), tail, np.zeros(scores.shape[1]))
            else:
                continue
            track.score_sum = track.score_sum + len(tube) * scores[index].astype(np.float64)
            track.weight += len(tube)
            known.append(track)
        pieces = []
        for track in known:
            if track.tail is not None and (done := cut(track.tail, 0, finished)) is not None:
                pieces.append(TrackPiece(track.number, done, track.score_sum / track.weight))
                track.tail = cut(track.tail, finished, track.tail.end)
        self._tracks = [track for track in known if track.tail is not None]
        return pieces

    def _pairs(self, tubes: Sequence[Tube], shared: range) -> dict[int, _Track]:
        """The track that goes on in each tube, by the tube's index."""
        cuts = (cut(tube, shared.start, shared.stop) for tube in tubes)
        parts = {index: part for index, part in enumerate(cuts) if part is not None}
        indices = list(parts)
        overlaps = tube_iou([track.tail for track in self._tracks], list(parts.values()))
        for row, track in enumerate(self._tracks):
            overlaps[row, [part.label != track.tail.label for part in parts.values()]] = 0
        pairs: dict[int, _Track] = {}
        while overlaps.size and overlaps.max() >= self._threshold:
            row, column = np.unravel_index(overlaps.argmax(), overlaps.shape)
            pairs[indices[column]] = self._tracks[row]
            overlaps[row, :] = overlaps[:, column] = -1
        return pairs


def cut(tube: Tube, start: int, stop: int) -> Tube | None:
    """The part of a tube in the frames from ``start`` to before ``stop``; None where it has none."""
    first, last = max(start, tube.start), min(stop, tube.end)
    if first >= last:
        return None
    inside = slice(first - tube.start, last - tube.start)
    return replace(tube, start=first, boxes=tube.boxes[inside], scores=tube.scores[inside])


def splice(earlier: Tube, later: Tube) -> Tube:
    """Two tubes that share frames as one: the first up to the middle of these, then the second; its ``score``."""
    middle = (max(earlier.start, later.start) + min(earlier.end, later.end)) // 2
    return concatenate([part for part in (cut(earlier, 0, middle), cut(later, middle, later.end)) if part], later)


def concatenate(parts: Sequence[Tube], like: Tube) -> Tube:
    """Tubes that follow one another as one, with the ``score`` and ``label`` of another."""
    boxes = np.concatenate([part.boxes for part in parts])
    scores = np.concatenate([part.scores for part in parts])
    return replace(like, start=parts[0].start, boxes=boxes, scores=scores)


def rank_tubes(
    pieces: Sequence[TrackPiece], classes: Sequence[str], actors: Sequence[str], classes_per_tube: int | None
) -> tuple[ActionTube, ...]:
    """The tubes of one video, each for its best classes (None: all), the best first; of equals the earlier piece.

    Tubes come with the actor's category, an index into ``actors``, as label, and with log-probabilities, which keep
    nearly certain tubes apart; the result has probabilities.
    """
    best = ((piece, np.argsort(-piece.scores, kind="stable")[:classes_per_tube]) for piece in pieces)
    found = [(piece, int(label)) for piece, labels in best for label in labels]
    found.sort(key=lambda pair: -pair[0].scores[pair[1]])
    return tuple(
        ActionTube(
            rank=rank,
            action=classes[label],
            actor=actors[piece.tube.label] if piece.tube.label < len(actors) else f"actor {piece.tube.label}",
            track=piece.track,
            tube=replace(piece.tube, label=label, score=float(np.exp(piece.scores[label]))),
        )
        for rank, (piece, label) in enumerate(found, start=1)
    )

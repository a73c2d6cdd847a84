"""Tubes of the windows of a long video, stitched together and ranked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from actorsup.structures import ActionTube, Tube, tube_iou


@dataclass(frozen=True, eq=False)
class TrackPiece:
    """What is finished of one tube.

    Args:
        track: number of the tube; its later pieces have the same.
        tube: the finished frames that were not given before.
        scores: ``(K,)``, its score for each class: the mean over the windows it was in so far, each weighed by the
            number of frames it has there.
    """

    track: int
    tube: Tube
    scores: np.ndarray


@dataclass(eq=False)
class _Track:
    """A tube that may go on. What of it is not finished, and the sum that its scores are the mean of."""

    number: int
    tail: Tube
    score_sum: np.ndarray
    weight: int

    def add(self, scores: np.ndarray, weight: int) -> None:
        self.score_sum = self.score_sum + weight * scores
        self.weight += weight

    def piece(self, tube: Tube) -> TrackPiece:
        return TrackPiece(self.number, tube, self.score_sum / self.weight)


class TubeJoiner:
    """Takes the tubes of one window after the other and gives what of them is finished.

    A tube goes on in the tube of the next window, of the same actor category, that overlaps it most in the frames that
    both windows share, if their IoU in space and time there reaches the threshold; each goes on in one at most, the
    best pairs first. Up to the middle of the frames that both have, the boxes are those of the earlier one.

    Where windows disagree, each is believed in its half of the shared frames: there a tube ends that does not go on,
    and there one begins that nothing went before.

    What is remembered is the tubes that the last window had in the frames that the next one shares.

    Args:
        threshold: IoU from which two tubes are one.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._tracks: list[_Track] = []
        self._num_tracks = 0

    def add(self, tubes: Sequence[Tube], scores: np.ndarray, shared: range, finished: int) -> list[TrackPiece]:
        """Join a window's tubes.

        Args:
            tubes: ``P``, in frames of the video.
            scores: ``(P, K)``.
            shared: frames that the window shares with the one before; none for the first.
            finished: frames before this one are in no later window.
        """
        middle = (shared.start + shared.stop) // 2 if shared else 0
        before = self._pairs(tubes, shared)
        continued = {id(track) for track in before.values()}
        whole = [
            (track, tail)
            for track in self._tracks
            if id(track) not in continued and (tail := cut(track.tail, 0, middle)) is not None
        ]
        for index, tube in enumerate(tubes):
            track = before.get(index)
            joined = cut(tube, middle, tube.end) if track is None else splice(track.tail, tube)
            if joined is None:
                continue
            if track is None:
                track = _Track(self._num_tracks, joined, np.zeros(scores.shape[1]), 0)
                self._num_tracks += 1
            track.add(scores[index].astype(np.float64), len(tube))
            whole.append((track, joined))
        self._tracks = []
        pieces = []
        for track, tube in whole:
            done, tail = cut(tube, 0, finished), cut(tube, finished, tube.end)
            if done is not None:
                pieces.append(track.piece(done))
            if tail is not None:
                track.tail = tail
                self._tracks.append(track)
        return pieces

    def _pairs(self, tubes: Sequence[Tube], shared: range) -> dict[int, _Track]:
        """The track that goes on in each tube, by the tube's index."""
        parts = {index: cut(tube, shared.start, shared.stop) for index, tube in enumerate(tubes)} if shared else {}
        parts = {index: part for index, part in parts.items() if part is not None}
        indices = list(parts)
        overlaps = tube_iou([track.tail for track in self._tracks], list(parts.values()))
        for row, track in enumerate(self._tracks):
            overlaps[row, [parts[index].label != track.tail.label for index in indices]] = 0
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
    parts = [part for part in (cut(earlier, 0, middle), cut(later, middle, later.end)) if part is not None]
    return replace(
        later,
        start=parts[0].start,
        boxes=np.concatenate([part.boxes for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
    )


def rank_tubes(
    pieces: Sequence[TrackPiece], classes: Sequence[str], actors: Sequence[str], classes_per_tube: int | None
) -> tuple[ActionTube, ...]:
    """The tubes of one video, each for its best classes, the best first; of equals the earlier piece.

    A head's scores are logarithms of probabilities, by which tubes stay apart that are all but certain; the result has
    the probabilities.

    Args:
        pieces: the tubes, their label the actor's category, with scores ``(K,)``.
        classes: ``K`` names.
        actors: names of the categories; one without a name is called by its number.
        classes_per_tube: None is all.
    """
    found = [
        (piece, int(label)) for piece in pieces for label in np.argsort(-piece.scores, kind="stable")[:classes_per_tube]
    ]
    found.sort(key=lambda pair: -pair[0].scores[pair[1]])
    return tuple(
        ActionTube(
            rank=rank,
            action=classes[label],
            actor=_actor_name(piece.tube.label, actors),
            track=piece.track,
            tube=replace(piece.tube, label=label, score=float(np.exp(piece.scores[label]))),
        )
        for rank, (piece, label) in enumerate(found, start=1)
    )


def _actor_name(label: int, actors: Sequence[str]) -> str:
    return actors[label] if label < len(actors) else f"actor {label}"

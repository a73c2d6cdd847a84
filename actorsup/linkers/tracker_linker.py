"""Linking by the association of multi-object trackers: the extra `trackers`."""

from collections.abc import Callable, Sequence

import numpy as np

from actorsup.errors import InputError
from actorsup.registry import LINKERS
from actorsup.structures import Detections, Tube

from .linker import Linker, frame_size

Track = list[tuple[int, int]]  # frames in their order, and in each the index of its detection
ALGORITHMS = ("bytetrack", "ocsort")


@LINKERS.register_module()
class TrackerLinker(Linker):
    """Tubes are the tracks that ByteTrack or OC-SORT makes of the detections; no pixel is looked at.

    Each actor category is tracked by itself. A tube has the boxes of its detections, and straight lines between them in
    frames where its actor was not detected; it begins with the actor's second detection, for the first has no track
    yet. Its score is the mean of its detections' scores; the order is that of their sum, so that of two equally sure
    tubes the longer one comes first.

    Args:
        algorithm: ``'bytetrack'`` (Zhang et al., ECCV 2022: weak detections continue what strong ones began) or
            ``'ocsort'`` (Cao et al., CVPR 2023: motion from what was seen, not from what was predicted).
        max_tubes: the best so many.
        min_length: tubes of fewer frames are dropped.
        high_score: detections from here on begin tracks. Weaker ones are what ByteTrack links last, and OC-SORT never.
        min_overlap: IoU of a detection with where its track is expected.
        max_gap: frames without a detection after which a track ends.

    Raises:
        InputError: if the package is not installed, or a setting is out of its range.
    """

    def __init__(
        self,
        algorithm: str,
        max_tubes: int = 20,
        min_length: int = 5,
        high_score: float = 0.3,
        min_overlap: float = 0.2,
        max_gap: int = 30,
    ) -> None:
        if algorithm not in ALGORITHMS:
            raise InputError(f"TrackerLinker: algorithm must be one of {', '.join(ALGORITHMS)}, got {algorithm!r}")
        if max_tubes < 1 or min_length < 1 or max_gap < 0 or not 0 <= min_overlap <= 1:
            raise InputError(
                "TrackerLinker: expected max_tubes >= 1, min_length >= 1, max_gap >= 0 and 0 <= min_overlap <= 1, got "
                f"{max_tubes}, {min_length}, {max_gap} and {min_overlap}"
            )
        self.algorithm = algorithm
        self.max_tubes = max_tubes
        self.min_length = min_length
        self.high_score = high_score
        self.min_overlap = min_overlap
        self.max_gap = max_gap
        self._tracker()  # a missing package is found now

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``."""
        frame_size(frames, detections)  # raises where they do not belong together
        return tubes_of_tracks(detections, self._tracks, self.min_length, self.max_tubes)

    def _tracks(self, detections: Sequence[Detections]) -> list[Track]:
        """The tracks in the order of their beginnings."""
        from supervision import Detections as Observed

        tracker, tracks = self._tracker(), {}
        for frame, found in enumerate(detections):
            observed = tracker.update(
                Observed(found.boxes.copy(), confidence=found.scores.copy(), data={"index": np.arange(len(found))})
            )
            if len(observed):
                for track, index in zip(observed.tracker_id, observed.data["index"], strict=True):
                    if track >= 0:
                        tracks.setdefault(int(track), []).append((frame, int(index)))
        return list(tracks.values())

    def _tracker(self):
        """A tracker that has seen nothing."""
        try:
            from trackers import ByteTrackTracker, OCSORTTracker
        except ImportError as error:
            raise InputError("TrackerLinker needs trackers: pip install 'actorsup[trackers]'") from error
        common = {
            "lost_track_buffer": self.max_gap,
            "minimum_consecutive_frames": 1,
            "minimum_iou_threshold": self.min_overlap,
            "high_conf_det_threshold": self.high_score,
        }
        if self.algorithm == "ocsort":
            return OCSORTTracker(**common)
        return ByteTrackTracker(**common, track_activation_threshold=self.high_score)


def tubes_of_tracks(
    detections: Sequence[Detections],
    associate: Callable[[Sequence[Detections]], Sequence[Track]],
    min_length: int,
    max_tubes: int,
) -> list[Tube]:
    """The tubes of the tracks into which ``associate`` sorts the detections of one actor category, the best first.

    Boxes are those of the detections, and straight lines between them. A tube's score is the mean of its detections'
    scores; the order is that of their sum. Tubes of less than ``min_length`` frames are dropped.
    """
    tubes: list[tuple[float, Tube]] = []
    for category in np.unique(np.concatenate([found.labels for found in detections])):
        of_category = [found[found.labels == category] for found in detections]
        for track in associate(of_category):
            seen = np.array([frame for frame, _ in track])
            found = [of_category[frame][[index]] for frame, index in track]
            scores = np.concatenate([one.scores for one in found])
            covered = np.arange(seen[0], seen[-1] + 1)
            if len(covered) >= min_length:
                sides = np.concatenate([one.boxes for one in found]).T
                boxes = np.stack([np.interp(covered, seen, side) for side in sides], axis=1)
                tube = Tube(seen[0], boxes, np.interp(covered, seen, scores), scores.mean(), category)
                tubes.append((scores.sum(), tube))
    tubes.sort(key=lambda pair: -pair[0])
    return [tube for _, tube in tubes[:max_tubes]]

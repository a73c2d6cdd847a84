"""Which detections Algorithm 1 will probably choose next, guessed from the detections alone."""

from collections.abc import Mapping

import numpy as np

from actorsup.structures import elementwise_iou, pairwise_iou

from .candidates import Candidates

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

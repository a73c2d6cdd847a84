"""Spatio-temporal overlap of tubes: temporal IoU × mean spatial IoU over the common frames."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.structures import Tube, elementwise_iou


@dataclass(frozen=True)
class OverlapRule:
    """What the protocols of the literature disagree on when they measure the overlap of two tubes.

    Args:
        detection_offset: pixels added to ``x2`` and ``y2`` of detected boxes: 1 for the protocols that take coordinates
            as indices of pixels (width ``x2 - x1 + 1``), 0 for continuous coordinates.
        ground_truth_offset: the same for the true boxes.
        single_frame_counts: whether tubes with one common frame overlap; otherwise their IoU is 0.
        spatial_only: leave out the temporal IoU: the mean spatial IoU over the common frames, 0 without a common frame.

    Raises:
        ValueError: if an offset is negative.
    """

    detection_offset: float = 0.0
    ground_truth_offset: float = 0.0
    single_frame_counts: bool = True
    spatial_only: bool = False

    def __post_init__(self) -> None:
        if self.detection_offset < 0 or self.ground_truth_offset < 0:
            raise ValueError(
                f"box offsets must be 0 or more, got {self.detection_offset} and {self.ground_truth_offset}"
            )


def tube_iou(detections: Sequence[Tube], ground_truth: Sequence[Tube], rule: OverlapRule) -> np.ndarray:
    """Overlap of every detected with every true tube of one video.

    With continuous boxes it equals the mean spatial IoU over the union of frames, 0 where one tube is absent:

        IoU(d, g) = |T_d ∩ T_g| / |T_d ∪ T_g| · mean over t in T_d ∩ T_g of IoU(d_t, g_t)
                  = Σ over t in T_d ∩ T_g of IoU(d_t, g_t) / |T_d ∪ T_g|

    Two empty boxes have IoU 0: a true tube of empty boxes alone is never found.

    Args:
        detections: ``P`` tubes, their boxes in the pixels of the same frame as those of the ground truth.
        ground_truth: ``G`` tubes.
        rule: what counts as width, and as overlap in time.

    Returns:
        ``(P, G)`` float64 in 0..1; identical tubes without empty boxes give exactly 1.
    """
    num_detections = len(detections)
    overlaps = np.zeros((num_detections, len(ground_truth)))
    if overlaps.size == 0:
        return overlaps

    # All detections one after the other, S boxes in total, so that each true tube costs one vectorised pass.
    lengths = np.array([len(tube) for tube in detections])
    starts = np.array([tube.start for tube in detections])
    ends = starts + lengths
    owners = np.repeat(np.arange(num_detections), lengths)  # (S,)
    frames = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - ends, lengths)  # (S,)
    boxes = _enlarge(np.concatenate([tube.boxes for tube in detections]), rule.detection_offset)  # (S, 4)

    for column, truth in enumerate(ground_truth):
        true_boxes = _enlarge(truth.boxes, rule.ground_truth_offset)
        common = np.flatnonzero(truth.covers(frames))
        spatial = elementwise_iou(boxes[common], true_boxes[frames[common] - truth.start])
        sums = np.bincount(owners[common], weights=spatial, minlength=num_detections)
        num_common = np.bincount(owners[common], minlength=num_detections)
        # Tubes that share a frame have no gap between them: the union is the span.
        num_union = np.maximum(ends, truth.end) - np.minimum(starts, truth.start)
        num_frames = num_common if rule.spatial_only else num_union
        counts = num_common >= (1 if rule.single_frame_counts else 2)
        # Rounding of the areas can lift the IoU of boxes that are all but equal above 1.
        overlaps[counts, column] = np.minimum(sums[counts] / num_frames[counts], 1.0)
    return overlaps


def _enlarge(boxes: np.ndarray, offset: float) -> np.ndarray:
    """Boxes ``(T, 4)`` in float64 with the offset added to the lower right corner."""
    return boxes.astype(np.float64) + np.array([0.0, 0.0, offset, offset])

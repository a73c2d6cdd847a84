"""Spatio-temporal overlap of tubes: temporal IoU × mean spatial IoU over the common frames."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.structures import Tube


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

    Of a true tube with an ``annotated`` mask only its annotated frames A_g exist, for the detection as well: T_g is
    A_g, T_d is T_d ∩ A_g, and so the union is A_g, in which a frame without the detection counts 0. What a detection
    does in the other frames, before, between and after those of A_g, nobody knows; it counts neither for nor against
    it. This holds where the mask is true everywhere too.

    Two empty boxes have IoU 0: a true tube of empty boxes alone is never found.

    Args:
        detections: ``P`` tubes, their boxes in the pixels of the same frame as those of the ground truth.
        ground_truth: ``G`` tubes.
        rule: what counts as width, and as overlap in time.

    Returns:
        ``(P, G)`` float64 in 0..1; identical tubes without empty boxes give exactly 1.
    """
    return tube_ious(detections, ground_truth, [rule])[rule]


def tube_ious(
    detections: Sequence[Tube], ground_truth: Sequence[Tube], rules: Sequence[OverlapRule]
) -> dict[OverlapRule, np.ndarray]:
    """:func:`tube_iou` under several rules; those with the same offsets share the IoU of their boxes."""
    overlaps = {rule: np.zeros((len(detections), len(ground_truth))) for rule in rules}
    if not detections or not ground_truth:
        return overlaps
    starts = np.array([tube.start for tube in detections])
    ends = np.array([tube.end for tube in detections])
    owners, frames, boxes = _by_frame(detections)
    for offsets in {(rule.detection_offset, rule.ground_truth_offset) for rule in rules}:
        sides = _Sides.of(boxes, offsets[0])
        for column, truth in enumerate(ground_truth):
            common = slice(*np.searchsorted(frames, [truth.start, truth.end]))
            if truth.annotated is not None:
                common = common.start + np.flatnonzero(truth.annotated[frames[common] - truth.start])
            spatial = sides.at(common).iou(_Sides.of(truth.boxes, offsets[1]).at(frames[common] - truth.start))
            sums = np.bincount(owners[common], weights=spatial, minlength=len(detections))
            num_common = np.bincount(owners[common], minlength=len(detections))
            if truth.annotated is None:
                # Tubes that share a frame have no gap between them: the union is the span.
                num_union = np.maximum(ends, truth.end) - np.minimum(starts, truth.start)
            else:
                num_union = np.full(len(detections), truth.annotated.sum())
            for rule in rules:
                if (rule.detection_offset, rule.ground_truth_offset) == offsets:
                    num_frames = num_common if rule.spatial_only else num_union
                    counts = num_common >= (1 if rule.single_frame_counts else 2)
                    # Rounding of the areas can lift the IoU of boxes that are all but equal above 1.
                    overlaps[rule][counts, column] = np.minimum(sums[counts] / num_frames[counts], 1.0)
    return overlaps


def _by_frame(tubes: Sequence[Tube]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All S boxes of the tubes, ordered by frame: the tube of each ``(S,)``, its frame ``(S,)``, the box ``(S, 4)``.

    Those of a stretch of time lie side by side, so that each true tube costs one vectorised pass over a slice.
    """
    lengths = np.array([len(tube) for tube in tubes])
    owners = np.repeat(np.arange(len(tubes)), lengths)
    frames = np.concatenate([np.arange(tube.start, tube.end) for tube in tubes])
    order = np.argsort(frames, kind="stable")
    return owners[order], frames[order], np.concatenate([tube.boxes for tube in tubes])[order]


@dataclass(frozen=True, eq=False)
class _Sides:
    """Sides of boxes, ``(S,)`` float64 each, and their areas: apart, every operation runs over contiguous numbers."""

    left: np.ndarray
    top: np.ndarray
    right: np.ndarray
    bottom: np.ndarray
    area: np.ndarray

    @classmethod
    def of(cls, boxes: np.ndarray, offset: float) -> "_Sides":
        """The sides of boxes ``(S, 4)``, the offset added to the right and to the lower one."""
        left, top, right, bottom = np.ascontiguousarray(boxes.T, dtype=np.float64)
        right, bottom = right + offset, bottom + offset
        return cls(left, top, right, bottom, (right - left) * (bottom - top))

    def at(self, index: slice | np.ndarray) -> "_Sides":
        """Those at the index."""
        return _Sides(*(side[index] for side in (self.left, self.top, self.right, self.bottom, self.area)))

    def iou(self, other: "_Sides") -> np.ndarray:
        """IoU ``(S,)`` of each box with the other of the same place; two empty ones give 0."""
        width = np.minimum(self.right, other.right) - np.maximum(self.left, other.left)
        height = np.minimum(self.bottom, other.bottom) - np.maximum(self.top, other.top)
        intersection = np.maximum(width, 0, out=width) * np.maximum(height, 0, out=height)
        union = self.area + other.area - intersection
        return np.divide(intersection, union, out=np.zeros_like(intersection), where=union > 0)

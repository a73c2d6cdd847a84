"""Overlap of tubes in space and time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .boxes import iou_of_sides, sides_of
from .tube import Tube


@dataclass(frozen=True)
class OverlapRule:
    """How a protocol of the literature measures the overlap of two tubes.

    Args:
        detection_offset: 0 or more pixels added to ``x2`` and ``y2`` of detected boxes: 1 for protocols with a width of
            ``x2 - x1 + 1``, 0 for continuous coordinates.
        ground_truth_offset: the same for the true boxes.
        single_frame_counts: whether tubes with one common frame overlap; otherwise their IoU is 0.
        spatial_only: the mean spatial IoU over the common frames, 0 without one, not times the temporal IoU.
        counts_steps: time is counted in steps from frame to frame, one less than there are frames: the temporal IoU of
            tubes with n common of N frames is ``(n - 1) / (N - 1)``, and 0 with one common frame.
    """

    detection_offset: float = 0.0
    ground_truth_offset: float = 0.0
    single_frame_counts: bool = True
    spatial_only: bool = False
    counts_steps: bool = False

    def __post_init__(self) -> None:
        if self.detection_offset < 0 or self.ground_truth_offset < 0:
            offsets = f"{self.detection_offset} and {self.ground_truth_offset}"
            raise ValueError(f"box offsets must be 0 or more, got {offsets}")

    def temporal(self, num_common: np.ndarray, num_union: np.ndarray) -> np.ndarray:
        """The temporal IoU ``(n,)`` of tubes that have at least one common frame."""
        if self.spatial_only:
            return np.ones(len(num_common))
        if self.counts_steps:
            return (num_common - 1) / np.maximum(num_union - 1, 1)
        return num_common / num_union


CONTINUOUS = OverlapRule()


def tube_iou(detections: Sequence[Tube], ground_truth: Sequence[Tube], rule: OverlapRule = CONTINUOUS) -> np.ndarray:
    """Overlap of every detected with every true tube of one video.

    It equals the mean spatial IoU over the union of frames, 0 where one tube is absent, unless time counts in steps::

        IoU(d, g) = |T_d ∩ T_g| / |T_d ∪ T_g| · mean over t in T_d ∩ T_g of IoU(d_t, g_t)
                  = Σ over t in T_d ∩ T_g of IoU(d_t, g_t) / |T_d ∪ T_g|

    Of a true tube with an ``annotated`` mask only the annotated frames A_g count: T_g is A_g, T_d is T_d ∩ A_g, and so
    the union is A_g, in which a frame without the detection counts 0.

    Two empty boxes have IoU 0: a true tube of empty boxes alone is never found.

    Returns:
        ``(P, G)`` float64 in 0..1 of ``P`` detections and ``G`` true tubes in the same pixels; identical tubes without
        empty boxes give exactly 1.
    """
    return tube_ious(detections, ground_truth, [rule])[rule]


def tube_ious(
    detections: Sequence[Tube], ground_truth: Sequence[Tube], rules: Sequence[OverlapRule]
) -> dict[OverlapRule, np.ndarray]:
    """:func:`tube_iou`, ``(P, G)``, under several rules; those with the same offsets share the IoU of their boxes."""
    overlaps = {rule: np.zeros((len(detections), len(ground_truth))) for rule in rules}
    if not detections or not ground_truth:
        return overlaps
    starts = np.array([tube.start for tube in detections])
    lengths = np.array([len(tube) for tube in detections])
    # All detections one after the other, so that each true tube costs one vectorised pass.
    boxes = np.concatenate([tube.boxes for tube in detections])
    sides = {offset: sides_of(boxes, offset) for offset in {rule.detection_offset for rule in rules}}
    by_offsets: dict[tuple[float, float], list[OverlapRule]] = {}
    for rule in rules:
        by_offsets.setdefault((rule.detection_offset, rule.ground_truth_offset), []).append(rule)
    for column, truth in enumerate(ground_truth):
        owners, rows, true_rows = _common_frames(starts, lengths, truth)
        num_common = np.bincount(owners, minlength=len(detections))
        if truth.annotated is None:  # tubes that share a frame have no gap between them: the union is the span
            num_union = np.maximum(starts + lengths, truth.end) - np.minimum(starts, truth.start)
        else:
            num_union = np.full(len(starts), truth.annotated.sum())
        for (offset, true_offset), sharing in by_offsets.items():
            true_sides = sides_of(truth.boxes, true_offset).take(true_rows, axis=1)
            spatial = iou_of_sides(sides[offset].take(rows, axis=1), true_sides)
            sums = np.bincount(owners, weights=spatial, minlength=len(detections))
            for rule in sharing:
                counts = np.flatnonzero(num_common >= (1 if rule.single_frame_counts else 2))
                temporal = rule.temporal(num_common[counts], num_union[counts])
                # Rounding of the areas can lift the IoU of boxes that are all but equal above 1.
                overlaps[rule][counts, column] = np.minimum(sums[counts] / num_common[counts] * temporal, 1.0)
    return overlaps


def _common_frames(starts: np.ndarray, lengths: np.ndarray, truth: Tube) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Detection, row of its box among all and row of the true box, ``(n,)`` each, of all common frames."""
    first = np.maximum(starts, truth.start)
    counts = np.maximum(np.minimum(starts + lengths, truth.end) - first, 0)
    owners = np.repeat(np.arange(len(starts)), counts)
    within = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = within + np.repeat(np.cumsum(lengths) - lengths + first - starts, counts)
    true_rows = within + np.repeat(first - truth.start, counts)
    if truth.annotated is None:
        return owners, rows, true_rows
    annotated = truth.annotated[true_rows]
    return owners[annotated], rows[annotated], true_rows[annotated]


def suppress(tubes: Sequence[Tube], scores: np.ndarray, threshold: float, rule: OverlapRule) -> np.ndarray:
    """Greedy non-maximum suppression, for each class by itself, best tubes first, of equal scores the first.

    Args:
        tubes: ``P`` tubes of one video.
        scores: ``(P, K)``, ``-inf`` where a tube is no detection of a class.
        threshold: a tube that overlaps a kept one by more is suppressed.
        rule: of their overlap; the pixels that it adds to detections are added to both.

    Returns:
        A copy of the scores, ``-inf`` where a tube is suppressed.
    """
    rule = replace(rule, ground_truth_offset=rule.detection_offset)
    scores = np.array(scores, dtype=np.float64)
    overlaps: dict[bytes, np.ndarray] = {}  # classes with the same tubes share them
    for of_class in scores.T:
        detected = np.flatnonzero(of_class > -np.inf)
        key = detected.tobytes()
        if key not in overlaps:
            chosen = [tubes[index] for index in detected]
            overlaps[key] = tube_iou(chosen, chosen, rule)
        kept: list[int] = []
        for index in np.argsort(-of_class[detected], kind="stable"):
            if not (overlaps[key][index, kept] > threshold).any():
                kept.append(index)
        of_class[np.delete(detected, kept)] = -np.inf
    return scores

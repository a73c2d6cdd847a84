"""One-pass evaluation of trackers: boxes of one target against the true ones, frame by frame.

The curves follow Wu et al., Online Object Tracking: A Benchmark, CVPR 2013 (success, precision) and Müller et al.,
TrackingNet, ECCV 2018 (normalised precision). Leave out the frame whose box a tracker was started with.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import elementwise_iou

SUCCESS_THRESHOLDS = np.linspace(0, 1, 21)  # IoU
PRECISION_THRESHOLDS = np.arange(51.0)  # pixels
NORMALIZED_PRECISION_THRESHOLDS = np.linspace(0, 0.5, 51)  # of the true box's sides


@dataclass(frozen=True, eq=False)
class TrackingScores:
    """How well one target was followed, or the mean over targets; fractions."""

    num_frames: int  #: with an annotated box
    mean_iou: float
    success: np.ndarray  #: ``(21,)``, share of frames with an IoU above each of ``SUCCESS_THRESHOLDS``
    precision: np.ndarray  #: ``(51,)``, of those whose centres are at most ``PRECISION_THRESHOLDS`` pixels apart
    #: ``(51,)``, of ``NORMALIZED_PRECISION_THRESHOLDS``, the distance in widths and heights of the true box.
    normalized_precision: np.ndarray

    def as_dict(self) -> dict[str, float]:
        """The numbers that tables show; an area under a curve (AUC) is its mean over the thresholds."""
        return {
            "mean_iou": self.mean_iou,
            "success_auc": float(self.success.mean()),
            "precision@20": float(self.precision[20]),
            "normalized_precision_auc": float(self.normalized_precision.mean()),
        }


def score_track(predicted: np.ndarray, truth: np.ndarray) -> TrackingScores:
    """Measure the predicted boxes ``(T, 4)`` of a target, in pixels; true ones are NaN in rows that are not annotated.

    Raises:
        InputError: if the shapes differ, a predicted box is not finite, or no row is annotated.
    """
    predicted, truth = (np.asarray(boxes, dtype=np.float64) for boxes in (predicted, truth))
    if predicted.shape != truth.shape or predicted.ndim != 2 or predicted.shape[1] != 4:
        raise InputError(f"expected predicted and true boxes (T, 4) alike, got {predicted.shape} and {truth.shape}")
    if not np.isfinite(predicted).all():
        raise InputError(f"predicted box {int((~np.isfinite(predicted)).any(axis=1).argmax())} is not finite")
    annotated = ~np.isnan(truth).any(axis=1)
    if not annotated.any():
        raise InputError(f"none of the {len(truth)} frames is annotated: there is nothing to measure")
    predicted, truth = predicted[annotated], truth[annotated]
    overlaps = elementwise_iou(predicted, truth)
    offsets = (predicted[:, :2] + predicted[:, 2:] - truth[:, :2] - truth[:, 2:]) / 2
    errors = np.linalg.norm(offsets, axis=1)
    normalized_errors = np.linalg.norm(offsets / (truth[:, 2:] - truth[:, :2]), axis=1)
    return TrackingScores(
        num_frames=len(truth),
        mean_iou=float(overlaps.mean()),
        success=(overlaps[:, None] > SUCCESS_THRESHOLDS).mean(axis=0),
        precision=(errors[:, None] <= PRECISION_THRESHOLDS).mean(axis=0),
        normalized_precision=(normalized_errors[:, None] <= NORMALIZED_PRECISION_THRESHOLDS).mean(axis=0),
    )


def mean_scores(scores: Sequence[TrackingScores]) -> TrackingScores:
    """The mean over one or more targets, however long each was followed; frames are added up."""
    if not scores:
        raise InputError("there is no target to take a mean over")
    measures = ("mean_iou", "success", "precision", "normalized_precision")
    means = (np.mean([getattr(one, name) for one in scores], axis=0) for name in measures)
    return TrackingScores(sum(one.num_frames for one in scores), *means)

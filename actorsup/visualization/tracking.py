"""Pictures of trackers: their boxes on frames, their curves."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from matplotlib.figure import Figure

from actorsup.evaluation.functional import TrackingScores
from actorsup.evaluation.functional.tracking import (
    NORMALIZED_PRECISION_THRESHOLDS,
    PRECISION_THRESHOLDS,
    SUCCESS_THRESHOLDS,
)
from actorsup.structures import Tube, elementwise_iou

from .overlay import DrawnTube, tube_sheet


def track_sheet(
    frames: np.ndarray,
    indices: Sequence[int],
    truth: np.ndarray,
    predictions: Mapping[str, np.ndarray],
    max_width: int = 360,
) -> np.ndarray:
    """A row of frames a tracker, with the true box, white and dashed, and the tracker's, with its IoU.

    Args:
        frames: ``(N, H, W, 3)`` RGB.
        indices: ``(N,)``, which frames of the sequence they are.
        truth: ``(T, 4)``, true boxes of the whole sequence; there has to be one in each of the frames.
        predictions: each tracker's name and boxes ``(T, 4)``, NaN where it has none.
        max_width: of a frame in the picture; larger frames are shrunk, so that captions can be read.

    Returns:
        ``(len(predictions) · h, N · w, 3)`` of frames drawn in the size ``(w, h)``.
    """
    scale = min(1.0, max_width / frames.shape[2])
    if scale < 1:
        frames = np.stack(
            [cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for frame in frames]
        )
    rows = []
    for rank, (name, boxes) in enumerate(predictions.items()):
        drawn = [DrawnTube.truth(_at(index, truth * scale)) for index in indices]
        for index in indices:
            if np.isfinite(boxes[index]).all():
                iou = elementwise_iou(boxes[[index]], truth[[index]])[0]
                drawn.append(DrawnTube.ranked(_at(index, boxes * scale), rank, f"{iou:.2f}"))
        rows.append(tube_sheet(frames, indices, drawn, title=name))
    return np.concatenate(rows)


def _at(index: int, boxes: np.ndarray) -> Tube:
    """The box in one frame as a tube of one frame."""
    return Tube(int(index), boxes[[index]], np.ones(1), 1.0, 0)


def tracking_curves(means: Mapping[str, TrackingScores]) -> Figure:
    """Success, precision and normalised precision of several trackers, with the number of each curve in its legend."""
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    curves = (
        ("success", "IoU above", SUCCESS_THRESHOLDS, "success_auc", "AUC"),
        ("precision", "centres apart, pixels, at most", PRECISION_THRESHOLDS, "precision_at_20", "at 20"),
        (
            "normalized_precision",
            "centres apart, sides of the true box, at most",
            NORMALIZED_PRECISION_THRESHOLDS,
            "normalized_precision_auc",
            "AUC",
        ),
    )
    for axes, (field, label, thresholds, number, unit) in zip(figure.subplots(1, 3), curves, strict=True):
        for name, scores in means.items():
            axes.plot(thresholds, getattr(scores, field), label=f"{name}: {unit} {getattr(scores, number):.3f}")
        axes.set(title=field.replace("_", " "), xlabel=label, ylim=(0, 1.02), xlim=(0, thresholds[-1]))
        axes.grid(alpha=0.3)
        axes.legend()
    figure.axes[0].set_ylabel("share of frames, mean over sequences")
    return figure

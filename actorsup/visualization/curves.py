"""Pictures of curves and bars, as matplotlib figures."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from actorsup.evaluation.functional import Diagnosis, RecallCurves, TrackingScores
from actorsup.evaluation.functional.tracking import (
    NORMALIZED_PRECISION_THRESHOLDS,
    PRECISION_THRESHOLDS,
    SUCCESS_THRESHOLDS,
)
from actorsup.structures import Tube, elementwise_iou

from .overlay import DrawnTube, tube_sheet

# Okabe and Ito's colours, which those who see few colours tell apart; each with a mark of its own.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vP*"


def proposal_curves(curves: Mapping[str, RecallCurves]) -> Figure:
    """Recall against the number of proposals, at each threshold, and against overlap; a line a store."""
    thresholds = next(iter(curves.values())).thresholds
    figure = Figure(figsize=(4.4 * (len(thresholds) + 1), 4.6), layout="constrained")
    panels = figure.subplots(1, len(thresholds) + 1, sharey=True)
    for rank, (name, of_store) in enumerate(curves.items()):
        style = {"color": COLORS[rank % len(COLORS)], "marker": MARKERS[rank % len(MARKERS)], "markersize": 4}
        for axes, recall in zip(panels, of_store.recall_by_number, strict=False):
            step = max(1, len(recall) // 15)
            axes.plot(of_store.num_proposals, recall, label=name, markevery=step, **style)
        panels[-1].plot(of_store.overlaps, of_store.recall_by_overlap, label=name, markevery=2, **style)
    most = max(of_store.num_proposals[-1] for of_store in curves.values())
    for axes, threshold in zip(panels, thresholds, strict=False):
        axes.set(title=f"IoU {threshold:g}", xlabel="mean number of proposals", xlim=(0, max(most * 1.03, 1)))
        axes.xaxis.get_major_locator().set_params(integer=True)
    panels[-1].set(title="all proposals", xlabel="IoU", xlim=(0, 1))
    panels[0].set_ylabel("recall of true tubes")
    for axes in panels:
        axes.set_ylim(0, 1.02)
        axes.grid(alpha=0.3)
    handles, labels = panels[0].get_legend_handles_labels()
    _add_legend(figure, handles, labels)
    return figure


def recall_bars(recalls: Mapping[str, Mapping[str, float]], title: str) -> Figure:
    """Recall of each class as bars, a group a class and a colour a store.

    Args:
        recalls: recall by class, by store; all of the same classes.
        title: of the picture.
    """
    classes = list(next(iter(recalls.values())))
    figure = Figure(figsize=(max(5.0, 1.5 + 0.45 * len(classes) * max(1, len(recalls) / 2)), 4.6), layout="constrained")
    axes = figure.subplots()
    places, width = np.arange(len(classes)), 0.8 / len(recalls)
    for rank, (name, by_class) in enumerate(recalls.items()):
        offset = (rank - (len(recalls) - 1) / 2) * width
        heights = [by_class[each] for each in classes]
        axes.bar(places + offset, heights, width, label=name, color=COLORS[rank % len(COLORS)])
    axes.set(title=title, ylabel="recall of true tubes", ylim=(0, 1.02))
    axes.set_xticks(places, classes, rotation=40, ha="right")
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    _add_legend(figure, *axes.get_legend_handles_labels())
    return figure


def _add_legend(figure: Figure, handles: Sequence[Artist], labels: Sequence[str]) -> None:
    """Names below the picture, as many a row as its width holds."""
    width_of_one = 0.6 + 0.09 * max(map(len, labels))  # inches, for the mark and for text of 10 points
    num_columns = max(1, min(len(labels), int(figure.get_figwidth() / width_of_one)))
    figure.legend(handles, labels, loc="outside lower center", ncols=num_columns, frameon=False)


def curve_rows(curves: Mapping[str, RecallCurves]) -> list[dict[str, str | float]]:
    """Every point of the curves as a row: ``store``, ``curve``, ``x``, ``recall``."""
    rows = []
    for name, of_store in curves.items():
        for threshold, recalls in zip(of_store.thresholds, of_store.recall_by_number, strict=True):
            for number, recall in zip(of_store.num_proposals, recalls, strict=True):
                rows.append(
                    {"store": name, "curve": f"number@{threshold:g}", "x": float(number), "recall": float(recall)}
                )
        for overlap, recall in zip(of_store.overlaps, of_store.recall_by_overlap, strict=True):
            rows.append({"store": name, "curve": "overlap", "x": float(overlap), "recall": float(recall)})
    return rows


REASON_COLORS = ("#0072B2", "#D55E00")  # Okabe and Ito's, which those who see few colours tell apart


def diagnosis_chart(diagnoses: Sequence[Diagnosis]) -> Figure:
    """Two panels a diagnosis, true tubes and false detections, with two bars a reason.

    The first is its share in percent, of all true tubes or of the false detections among the best of their classes, the
    second what mAP would gain in points if it were fixed.
    """
    figure = Figure(figsize=(13.0, 4.2 * len(diagnoses)), layout="constrained")
    for panels, found in zip(figure.subplots(len(diagnoses), 2, squeeze=False), diagnoses, strict=True):
        _bars(panels[0], "true tubes", found.num_missed, found.missed_gains)
        _bars(panels[1], "false detections among the best", found.num_false_best, found.false_gains)
        panels[0].set_ylabel(f"IoU {found.threshold:g}, mAP {100 * found.mean_average_precision:.1f}\npercent")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return figure


def _bars(axes: Axes, title: str, counts: Mapping[str, int], gains: Mapping[str, float]) -> None:
    total = sum(counts.values())
    names = list(counts)
    shares = [100 * counts[name] / max(total, 1) for name in names]
    costs = [100 * gains.get(name, 0.0) for name in names]
    places = np.arange(len(names))
    for offset, heights, label, color in zip(
        (-0.2, 0.2), (shares, costs), ("share", "points of mAP that fixing it would give"), REASON_COLORS, strict=True
    ):
        bars = axes.bar(places + offset, heights, 0.4, label=label, color=color)
        axes.bar_label(bars, fmt="%.1f", fontsize=8)
    axes.set(title=f"{total} {title}", ylim=(0, max(10.0, 1.15 * max(*shares, *costs))))
    axes.set_xticks(places, [name.replace("_", " ") for name in names], rotation=30, ha="right")
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)


COLOR = "#0072B2"


def experiment_chart(numbers: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """A panel a metric, a row a variant: a dot a seed, a bar at their mean, and a line one standard deviation each way.

    Args:
        numbers: fractions, by variant, metric and seed; of every variant the same metrics, and at least one seed.
    """
    variants = list(numbers)
    metrics = list(next(iter(numbers.values())))
    figure = Figure(figsize=(2.0 + 2.6 * len(metrics), 1.0 + 0.32 * len(variants)), layout="constrained")
    for axes, metric in zip(figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0], metrics, strict=True):
        for row, variant in enumerate(variants):
            percent = 100 * np.asarray(numbers[variant][metric], dtype=float)
            deviation = percent.std(ddof=1) if len(percent) > 1 else 0.0
            axes.plot(percent, np.full(len(percent), row), "o", color=COLOR, alpha=0.4, markersize=4)
            axes.errorbar(percent.mean(), row, xerr=deviation, fmt="|", color=COLOR, markersize=12, capsize=3)
        axes.set(title=metric, xlabel="percent", xlim=(0, None))
        axes.grid(axis="x", alpha=0.3)
    axes.set_yticks(range(len(variants)), [variant.replace("_", " ") for variant in variants])
    axes.invert_yaxis()  # shared: the first variant is on top everywhere
    return figure


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

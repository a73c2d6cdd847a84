"""Pictures of curves and bars, as matplotlib figures; it is imported with the first of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from actorsup.evaluation.functional import Diagnosis, RecallCurves, TrackingScores, tracking
from actorsup.io.files import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which those who see few colours tell apart; each with a mark of its own.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vP*"


def _empty_figure(width: float, height: float) -> Figure:
    """A figure of a size in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save_figure(path: str | Path, figure: Figure, dpi: int = 120) -> None:
    """Write a PNG, which appears whole or not at all."""
    with whole_file(path) as temporary:
        figure.savefig(temporary, format="png", dpi=dpi)


def proposal_curves(curves: Mapping[str, RecallCurves]) -> Figure:
    """Recall against the number of proposals, at each threshold, and against overlap; a line a store."""
    thresholds = next(iter(curves.values())).thresholds
    figure = _empty_figure(4.4 * (len(thresholds) + 1), 4.6)
    *by_number, by_overlap = figure.subplots(1, len(thresholds) + 1, sharey=True)
    for rank, (name, of_store) in enumerate(curves.items()):
        style = {"color": COLORS[rank % len(COLORS)], "marker": MARKERS[rank % len(MARKERS)], "markersize": 4}
        for axes, recall in zip(by_number, of_store.recall_by_number, strict=True):
            step = max(1, len(recall) // 15)
            axes.plot(of_store.num_proposals, recall, label=name, markevery=step, **style)
        by_overlap.plot(of_store.overlaps, of_store.recall_by_overlap, label=name, markevery=2, **style)
    most = max(of_store.num_proposals[-1] for of_store in curves.values())
    for axes, threshold in zip(by_number, thresholds, strict=True):
        axes.set(title=f"IoU {threshold:g}", xlabel="mean number of proposals", xlim=(0, max(most * 1.03, 1)))
        axes.xaxis.get_major_locator().set_params(integer=True)
    by_overlap.set(title="all proposals", xlabel="IoU", xlim=(0, 1))
    figure.axes[0].set_ylabel("recall of true tubes")
    for axes in figure.axes:
        axes.set_ylim(0, 1.02)
        axes.grid(alpha=0.3)
    _add_legend(figure)
    return figure


def curve_rows(curves: Mapping[str, RecallCurves]) -> list[dict[str, str | float]]:
    """Every point of the curves as a row: ``store``, ``curve``, ``x``, ``recall``."""
    rows = []
    for name, of_store in curves.items():
        by_number = zip(of_store.thresholds, of_store.recall_by_number, strict=True)
        lines = {f"number@{threshold:g}": (of_store.num_proposals, recall) for threshold, recall in by_number}
        lines["overlap"] = of_store.overlaps, of_store.recall_by_overlap
        rows += [
            {"store": name, "curve": curve, "x": float(x), "recall": float(recall)}
            for curve, points in lines.items()
            for x, recall in zip(*points, strict=True)
        ]
    return rows


def recall_bars(recalls: Mapping[str, Mapping[str, float]], title: str) -> Figure:
    """Recall by store and class as bars, a group a class and a colour a store; all have the same classes."""
    classes = list(next(iter(recalls.values())))
    figure = _empty_figure(max(5.0, 1.5 + 0.45 * len(classes) * max(1, len(recalls) / 2)), 4.6)
    axes = figure.subplots()
    _add_bars(axes, classes, {name: [by_class[each] for each in classes] for name, by_class in recalls.items()})
    axes.set(title=title, ylabel="recall of true tubes", ylim=(0, 1.02))
    _add_legend(figure)
    return figure


def diagnosis_chart(diagnoses: Sequence[Diagnosis]) -> Figure:
    """Two panels a diagnosis, true tubes and false detections among the best of their classes, with two bars a reason.

    The first is its share in percent, the second what mAP would gain in points if it were fixed.
    """
    figure = _empty_figure(13.0, 4.2 * len(diagnoses))
    for panels, found in zip(figure.subplots(len(diagnoses), 2, squeeze=False), diagnoses, strict=True):
        _add_reasons(panels[0], "true tubes", found.num_missed, found.missed_gains)
        _add_reasons(panels[1], "false detections among the best", found.num_false_best, found.false_gains)
        panels[0].set_ylabel(f"IoU {found.threshold:g}, mAP {100 * found.mean_average_precision:.1f}\npercent")
    _add_legend(figure)
    return figure


def _add_reasons(axes: Axes, title: str, counts: Mapping[str, int], gains: Mapping[str, float]) -> None:
    total = sum(counts.values())
    shares = [100 * count / max(total, 1) for count in counts.values()]
    costs = [100 * gains.get(name, 0.0) for name in counts]
    names = [name.replace("_", " ") for name in counts]
    _add_bars(axes, names, {"share": shares, "points of mAP that fixing it would give": costs})
    for bars in axes.containers:
        axes.bar_label(bars, fmt="%.1f", fontsize=8)
    axes.set(title=f"{total} {title}", ylim=(0, max(10.0, 1.15 * max(*shares, *costs))))


def _add_bars(axes: Axes, names: Sequence[str], series: Mapping[str, Sequence[float]]) -> None:
    """Bars, a group a name and a colour a series."""
    places, width = np.arange(len(names)), 0.8 / len(series)
    for rank, (label, heights) in enumerate(series.items()):
        offset = (rank - (len(series) - 1) / 2) * width
        axes.bar(places + offset, heights, width, label=label, color=COLORS[rank % len(COLORS)])
    axes.set_xticks(places, names, rotation=35, ha="right")
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)


def _add_legend(figure: Figure) -> None:
    """The names that the first panel has, below the picture, as many a row as its width holds."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    width_of_one = 0.6 + 0.09 * max(map(len, labels))  # inches, for the mark and for text of 10 points
    num_columns = max(1, min(len(labels), int(figure.get_figwidth() / width_of_one)))
    figure.legend(handles, labels, loc="outside lower center", ncols=num_columns, frameon=False)


def experiment_chart(numbers: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """A panel a metric, a row a variant: a dot a seed, a bar at their mean, and a line one standard deviation each way.

    The numbers are fractions, by variant, metric and seed; all variants have the same metrics.
    """
    variants = list(numbers)
    metrics = list(next(iter(numbers.values())))
    figure = _empty_figure(2.0 + 2.6 * len(metrics), 1.0 + 0.32 * len(variants))
    for axes, metric in zip(figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0], metrics, strict=True):
        for row, variant in enumerate(variants):
            percent = 100 * np.asarray(numbers[variant][metric], dtype=float)
            deviation = percent.std(ddof=1) if len(percent) > 1 else 0.0
            axes.plot(percent, np.full(len(percent), row), "o", color=COLORS[0], alpha=0.4, markersize=4)
            axes.errorbar(percent.mean(), row, xerr=deviation, fmt="|", color=COLORS[0], markersize=12, capsize=3)
        axes.set(title=metric, xlabel="percent", xlim=(0, None))
        axes.grid(axis="x", alpha=0.3)
    axes.set_yticks(range(len(variants)), [variant.replace("_", " ") for variant in variants])
    axes.invert_yaxis()  # shared: the first variant is on top everywhere
    return figure


def tracking_curves(means: Mapping[str, TrackingScores]) -> Figure:
    """Success, precision and normalised precision of several trackers, with numbers in the legends."""
    in_pixels, in_sides = (f"centres apart, {unit}, at most" for unit in ("pixels", "sides of the true box"))
    curves = {
        "success": ("IoU above", tracking.SUCCESS_THRESHOLDS, "success_auc", "AUC"),
        "precision": (in_pixels, tracking.PRECISION_THRESHOLDS, "precision@20", "at 20"),
        "normalized_precision": (in_sides, tracking.NORMALIZED_PRECISION_THRESHOLDS, "normalized_precision_auc", "AUC"),
    }
    figure = _empty_figure(13, 4.2)
    for axes, (field, (label, thresholds, number, unit)) in zip(figure.subplots(1, 3), curves.items(), strict=True):
        for name, scores in means.items():
            axes.plot(thresholds, getattr(scores, field), label=f"{name}: {unit} {scores.as_dict()[number]:.3f}")
        axes.set(title=field.replace("_", " "), xlabel=label, ylim=(0, 1.02), xlim=(0, thresholds[-1]))
        axes.grid(alpha=0.3)
        axes.legend()
    figure.axes[0].set_ylabel("share of frames, mean over sequences")
    return figure

"""A picture of what a model gets wrong."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from actorsup.evaluation.functional import Diagnosis

COLORS = ("#0072B2", "#D55E00")  # Okabe and Ito's, which those who see few colours tell apart


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
        (-0.2, 0.2), (shares, costs), ("share", "points of mAP that fixing it would give"), COLORS, strict=True
    ):
        bars = axes.bar(places + offset, heights, 0.4, label=label, color=color)
        axes.bar_label(bars, fmt="%.1f", fontsize=8)
    axes.set(title=f"{total} {title}", ylim=(0, max(10.0, 1.15 * max(*shares, *costs))))
    axes.set_xticks(places, [name.replace("_", " ") for name in names], rotation=30, ha="right")
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)

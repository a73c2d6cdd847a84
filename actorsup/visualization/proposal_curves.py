"""Pictures of how well proposals cover the true tubes (paper, Fig. 4 and 5)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from actorsup.evaluation.functional import RecallCurves

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

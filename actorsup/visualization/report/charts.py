"""The charts of a page, as plotly's figures; a colour a run."""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from actorsup.visualization.curves import COLORS

from .run import Run, given_class, is_main

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def all_charts(runs: Sequence[Run]) -> dict[str, dict[str, go.Figure]]:
    """By heading and title, those that some run has data for."""
    false = "false detections among the best"
    sections = {
        "Training": {"loss": _loss(runs), "validation": _validation(runs)},
        "Recall of the proposals": {
            "against their number": _recall(runs, "number@", "mean number of proposals"),
            "against overlap": _recall(runs, "overlap", "IoU"),
        },
        "Average precision by class": _average_precision(runs),
        "Confusion of videos": {run.name: _confusion(run) for run in runs},
        "Diagnosis": {
            "true tubes": _diagnosis(runs, "true_tubes", "true tubes", "number"),
            false: _diagnosis(runs, "false_detections", "false detections", "among the best"),
        },
    }
    kept = {head: {title: each for title, each in charts.items() if each.data} for head, charts in sections.items()}
    return {heading: charts for heading, charts in kept.items() if charts}


def _figure(x: str, y: str) -> go.Figure:
    return go.Figure().update_layout(
        template="plotly_white",
        margin={"l": 60, "r": 20, "t": 45, "b": 50},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        xaxis={"title": {"text": x}, "automargin": True},
        yaxis={"title": {"text": y}, "automargin": True},
    )


def _add_line(
    figure: go.Figure, name: str, points: Iterable[tuple[float, float]], rank: int, style: int = 0, markers: bool = True
) -> None:
    """A line through points, coloured by its rank and dashed by its style."""
    xs, ys = zip(*points, strict=True)
    line = {"color": COLORS[rank % len(COLORS)], "dash": DASHES[style % len(DASHES)]}
    figure.add_scatter(x=xs, y=ys, name=escape(name), line=line, mode="lines+markers" if markers else "lines")


def _loss(runs: Sequence[Run]) -> go.Figure:
    figure = _figure("iteration", "loss")
    for rank, run in enumerate(runs):
        if points := [(row["step"], row["loss"]) for row in run.scalars if "loss" in row]:
            _add_line(figure, run.name, points, rank)
    return figure


def _validation(runs: Sequence[Run]) -> go.Figure:
    """The main numbers at each validation: without a class or another protocol in their name."""
    figure = _figure("epoch", "at validation")
    for rank, run in enumerate(runs):
        rows = [row for row in run.scalars if "loss" not in row]
        names = dict.fromkeys(name for row in rows for name in row if is_main(name))
        for style, name in enumerate(names):
            points = [(row["step"], row[name]) for row in rows if name in row]
            _add_line(figure, f"{run.name}: {name}", points, rank, style)
    return figure


def _recall(runs: Sequence[Run], curve: str, x: str) -> go.Figure:
    """Recall of every store of every run; a store that two runs share is drawn once."""
    figure = _figure(x, "recall of true tubes").update_yaxes(range=[0, 1.03]).update_xaxes(rangemode="tozero")
    stores = {}
    for run in runs:
        for name, entry in run.proposals.items():
            stores.setdefault((name, entry["store"]), entry["curves"])
    for rank, ((name, _), rows) in enumerate(stores.items()):
        curves = dict.fromkeys(row["curve"] for row in rows if row["curve"].startswith(curve))
        for style, each in enumerate(curves):
            points = [(row["x"], row["recall"]) for row in rows if row["curve"] == each]
            at = f", IoU {each.partition('@')[2]}" if "@" in each else ""
            _add_line(figure, name + at, points, rank, style, markers=False)
    return figure


def _average_precision(runs: Sequence[Run]) -> dict[str, go.Figure]:
    """A chart an overlap, from the first table of classes of each run."""
    figures: dict[str, go.Figure] = {}
    for rank, run in enumerate(runs):
        rows = run.classes
        for column in [name for name in (rows[0] if rows else ()) if name.startswith("AP@")]:
            figures.setdefault(column, _figure("", "percent")).add_bar(
                x=[escape(row["class"]) for row in rows],
                y=[100 * row[column] for row in rows],
                name=escape(run.name),
                marker={"color": COLORS[rank % len(COLORS)]},
            )
    return figures


def _confusion(run: Run) -> go.Figure:
    """How many videos of each class, a row, the model gives each class, a column; of videos of one class."""
    figure = _figure("class that the model gives", "class of the video").update_yaxes(autorange="reversed")
    entries = (run.predictions or {"videos": []})["videos"]
    pairs = [(entry["labels"][0], given_class(entry)) for entry in entries if len(entry["labels"] or ()) == 1]
    pairs = [pair for pair in pairs if None not in pair]
    if pairs:
        present, cells = np.unique(pairs, return_inverse=True)
        counts = np.zeros((len(present), len(present)), dtype=int)
        np.add.at(counts, tuple(cells.reshape(-1, 2).T), 1)
        names = [escape(run.predictions["classes"][label]) for label in present]
        figure.add_heatmap(
            z=counts.tolist(), x=names, y=names, colorscale="Blues", text=counts.tolist(), texttemplate="%{text}"
        )
    return figure


def _diagnosis(runs: Sequence[Run], table: str, reason: str, count: str) -> go.Figure:
    """The share of each reason as bars, with what mAP would gain without it on hover."""
    figure = _figure("", "percent").update_xaxes(tickangle=30)
    for rank, run in enumerate(runs):
        rows = [row for row in (run.diagnosis or {table: []})[table] if not row[reason].startswith("all")]
        total = sum(row[count] for row in rows) or 1
        if rows:
            figure.add_bar(
                x=[escape(row[reason].replace("_", " ")) for row in rows],
                y=[100 * row[count] / total for row in rows],
                customdata=[[row[count], 100 * row["mAP gain"]] for row in rows],
                hovertemplate="%{customdata[0]}, fixing them gives mAP %{customdata[1]:+.1f} points",
                name=escape(f"{run.name}, IoU {run.diagnosis['threshold']:g}"),
                marker={"color": COLORS[rank % len(COLORS)]},
            )
    return figure

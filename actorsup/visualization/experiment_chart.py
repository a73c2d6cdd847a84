"""A picture of experiments that were repeated with several seeds."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

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

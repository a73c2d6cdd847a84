"""How well a Siamese network finds targets in held-out pairs of crops."""

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from actorsup.errors import InputError
from actorsup.registry import METRICS


@METRICS.register_module()
class PairPrecision(BaseMetric):
    """Means over pairs, from what ``SiamesePairs`` predicts.

    ``loss`` and ``accuracy`` (balanced, a fraction) as in training; ``center_error``, the distance in pixels of the
    search crop from the highest response to the target; ``precision@<radius>``, the fraction of pairs where it is at
    most that.

    Args:
        radius: in pixels of the search crop.
        prefix: put before the names of the numbers, to tell two metrics of one evaluator apart.
        collect_device: where mmengine gathers the results of all ranks, ``cpu`` or ``gpu``.
    """

    default_prefix = ""  # the names are clear without one; None would make mmengine warn

    def __init__(self, radius: float = 16.0, prefix: str | None = None, collect_device: str = "cpu") -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.radius = radius

    def process(self, data_batch: object, data_samples: Sequence[dict[str, float]]) -> None:
        """Note the numbers of a batch's pairs."""
        self.results.extend((sample["loss"], sample["accuracy"], sample["center_error"]) for sample in data_samples)

    def compute_metrics(self, results: list[tuple[float, float, float]]) -> dict[str, float]:
        """The means."""
        if not results:
            raise InputError("the precision on pairs needs at least one pair, the evaluation data set gave none")
        loss, accuracy, errors = np.array(results).T
        return {
            "loss": float(loss.mean()),
            "accuracy": float(accuracy.mean()),
            "center_error": float(errors.mean()),
            f"precision@{self.radius:g}": float((errors <= self.radius).mean()),
        }

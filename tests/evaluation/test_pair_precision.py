import pytest

from actorsup.errors import InputError
from actorsup.evaluation.metrics import PairPrecision


def test_numbers_are_means_over_all_pairs():
    metric = PairPrecision(radius=16)
    metric.process(None, [{"loss": 1.0, "accuracy": 0.5, "center_error": 16.0}])
    metric.process(None, [{"loss": 0.0, "accuracy": 1.0, "center_error": c} for c in (0.0, 17.0)])
    assert metric.compute_metrics(metric.results) == pytest.approx(
        {"loss": 1 / 3, "accuracy": 2.5 / 3, "center_error": 11.0, "precision@16": 2 / 3}
    )


def test_no_pairs_are_an_error():
    with pytest.raises(InputError, match="at least one pair"):
        PairPrecision().compute_metrics([])

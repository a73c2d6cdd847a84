import pytest

from actorsup.visualization import experiment_chart


def test_a_panel_a_metric_with_the_mean_and_the_deviation_of_each_variant():
    numbers = {
        "top_6": {"mAP@0.5": [0.1, 0.3], "accuracy": [0.5, 0.5]},
        "mean": {"mAP@0.5": [0.2], "accuracy": [0.4]},
    }
    figure = experiment_chart(numbers)
    first, second = figure.axes
    assert [first.get_title(), second.get_title()] == ["mAP@0.5", "accuracy"]
    assert [label.get_text() for label in first.get_yticklabels()] == ["top 6", "mean"]
    assert first.yaxis_inverted()
    assert list(first.lines[0].get_xdata()) == pytest.approx([10, 30])  # the seeds
    (lines,) = first.containers[0].lines[2]
    (low, _), (high, _) = lines.get_segments()[0]
    assert (low, high) == pytest.approx((20 - 200**0.5, 20 + 200**0.5))
    (single,) = first.containers[1].lines[2]
    assert single.get_segments()[0].tolist() == [[20, 1], [20, 1]]

import numpy as np

from actorsup.evaluation.functional import VideoOverlaps, recall_curves
from actorsup.visualization import curve_rows, proposal_curves, recall_bars


def curves(shift: float):
    iou = np.array([[0.1], [0.3], [0.6]]) + shift
    return recall_curves([VideoOverlaps("a", iou, np.zeros(1, dtype=int))])


def test_a_line_a_store_in_each_panel_through_its_points():
    both = {"first": curves(0.0), "second": curves(0.2)}
    figure = proposal_curves(both)
    assert [axes.get_title() for axes in figure.axes] == ["IoU 0.2", "IoU 0.5", "all proposals"]
    for axes in figure.axes:
        assert [line.get_label() for line in axes.lines] == ["first", "second"]
        assert len({line.get_color() for line in axes.lines}) == 2
    line = figure.axes[1].lines[0]
    np.testing.assert_allclose(line.get_xdata(), [1, 2, 3])
    np.testing.assert_allclose(line.get_ydata(), [0, 0, 1])


def test_a_bar_a_class_and_store_as_high_as_its_recall():
    figure = recall_bars({"first": {"run": 0.5, "walk": 1.0}, "second": {"run": 0.25, "walk": 0.0}}, "IoU 0.5")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["run", "walk"]
    assert [bar.get_height() for bar in axes.patches] == [0.5, 1.0, 0.25, 0.0]


def test_every_point_is_a_row():
    rows = curve_rows({"first": curves(0.0)})
    assert {"store": "first", "curve": "number@0.5", "x": 3.0, "recall": 1.0} in rows
    assert {"store": "first", "curve": "overlap", "x": 0.65, "recall": 0.0} in rows
    assert len(rows) == 3 * 2 + 20


def test_the_legend_is_as_wide_as_the_picture_at_most():
    names = [f"a_detector/a_linker_of_a_long_name_{index}" for index in range(4)]
    for figure in (recall_bars({name: {"run": 0.5} for name in names}, ""), proposal_curves({names[0]: curves(0.0)})):
        figure.canvas.draw()
        (legend,) = figure.legends
        extent = legend.get_window_extent()
        assert extent.x0 >= 0
        assert extent.x1 <= figure.bbox.width

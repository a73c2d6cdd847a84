import numpy as np
import pytest

from actorsup.evaluation.functional import (
    FALSE_REASONS,
    MISSED_REASONS,
    PROTOCOLS,
    DiagnosedVideo,
    ScoredVideo,
    VideoOverlaps,
    diagnose,
)
from actorsup.visualization import diagnosis_chart


def diagnosis(threshold: float):
    """Two true tubes of one class: one that no tube overlaps, one that ranks after a false detection."""
    overlaps = VideoOverlaps("a", np.array([[0.0, 0.0], [0.0, 0.9]]), np.array([0, 0]))
    video = DiagnosedVideo(ScoredVideo(overlaps, np.array([[0.9], [0.8]])), overlaps.iou, np.zeros(2, int))
    return diagnose([video], threshold, PROTOCOLS["act"])


def test_a_row_a_diagnosis_and_two_bars_a_reason_as_high_as_its_share_and_its_cost():
    figure = diagnosis_chart([diagnosis(0.2), diagnosis(0.5)])
    assert len(figure.axes) == 4
    true_tubes, false = figure.axes[:2]
    assert true_tubes.get_title() == "2 true tubes"
    assert false.get_title() == "1 false detections among the best"
    names = [label.get_text() for label in true_tubes.get_xticklabels()]
    assert names == ["found", *(reason.replace("_", " ") for reason in MISSED_REASONS)]
    shares, costs = (np.array([bar.get_height() for bar in bars]) for bars in true_tubes.containers)
    assert dict(zip(names, shares, strict=True)) == {
        **dict.fromkeys(names, 0), "found": 50, "not proposed": 50
    }  # fmt: skip
    # Miss, hit of two: 1/8. The missed one found first: hit, miss, hit: 19/24.
    assert costs[names.index("not proposed")] == pytest.approx(100 * (19 / 24 - 1 / 8))
    assert len(false.get_xticklabels()) == len(FALSE_REASONS)


def test_without_false_detections_the_bars_are_flat():
    overlaps = VideoOverlaps("a", np.ones((1, 1)), np.array([0]))
    video = DiagnosedVideo(ScoredVideo(overlaps, np.ones((1, 1))), overlaps.iou, np.zeros(1, int))
    figure = diagnosis_chart([diagnose([video], 0.5, PROTOCOLS["act"])])
    assert not any(bar.get_height() for bar in figure.axes[1].patches)

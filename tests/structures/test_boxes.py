import numpy as np
import pytest

from actorsup.structures import clip_boxes, elementwise_iou, pairwise_iou
from actorsup.structures.boxes import as_boxes


def test_iou_of_boxes_that_share_a_third():
    first = np.array([[0.0, 0.0, 10.0, 10.0]])
    second = np.array([[5.0, 0.0, 15.0, 10.0], [20.0, 20.0, 30.0, 30.0]])
    # 50 shared of 100 + 100 - 50.
    np.testing.assert_allclose(pairwise_iou(first, second), [[50 / 150, 0.0]])
    np.testing.assert_allclose(elementwise_iou(first, second[:1]), [50 / 150])


def test_two_empty_boxes_do_not_overlap():
    empty = np.array([[3.0, 3.0, 3.0, 3.0]])
    assert pairwise_iou(empty, empty) == 0


def test_clipping_leaves_the_inside_and_empties_the_outside():
    boxes = np.array([[-5, 2, 8, 200], [50, 50, 60, 60]], dtype=np.float32)
    np.testing.assert_array_equal(clip_boxes(boxes, (40, 30)), [[0, 2, 8, 30], [40, 30, 40, 30]])


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([[0, 0, 1]], "shape"),
        ([[5, 0, 1, 1]], r"boxes\[0\].*x1 <= x2"),
        ([[0, 0, 1, 1], [0, 0, np.nan, 1]], r"boxes\[1\].*finite"),
    ],
)
def test_malformed_boxes_are_refused_by_index(boxes, message):
    with pytest.raises(ValueError, match=message):
        as_boxes(boxes, "boxes")


def test_boxes_are_a_copy_that_cannot_be_written():
    original = np.array([[0.0, 0.0, 1.0, 1.0]])
    boxes = as_boxes(original, "boxes")
    original[0, 0] = 9
    assert boxes[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        boxes[0, 0] = 1

import numpy as np
import pytest

from actorsup.linkers import SlidingWindowTubes
from actorsup.structures import Detections, box_areas

WIDTH, HEIGHT = 96, 64


def link(num_frames: int = 12, **settings):
    frames = np.zeros((num_frames, HEIGHT, WIDTH, 3), np.uint8)
    return SlidingWindowTubes(**settings).link(frames, [Detections.empty()] * num_frames)


def boxes_of(tubes) -> list[list[float]]:
    assert all((tube.boxes == tube.boxes[0]).all() for tube in tubes)
    return [tube.boxes[0].tolist() for tube in tubes]


def test_a_grid_by_hand():
    # Half of each side, half of that apart: three by three, the middle one first, then its sides, then the corners.
    boxes = boxes_of(link(max_tubes=None, scales=[0.5], aspects=[1.0]))
    expected = [[left, top, left + 48, top + 32] for left in (0, 24, 48) for top in (0, 16, 32)]
    assert sorted(boxes) == sorted(expected)
    assert boxes[0] == [24, 16, 72, 48]
    assert sorted(boxes[1:5]) == sorted([[0, 16, 48, 48], [48, 16, 96, 48], [24, 0, 72, 32], [24, 32, 72, 64]])


def test_an_aspect_keeps_the_area_and_is_cut_at_the_frame():
    (tube, *_) = link(max_tubes=None, scales=[0.5], aspects=[4.0])
    left, top, right, bottom = tube.boxes[0].tolist()
    assert (right - left, bottom - top) == (96, 16)  # 0.5 · 2 of the width, 0.5 / 2 of the height
    assert (left, right) == (0, 96)
    tall = boxes_of(link(max_tubes=None, scales=[1.0], aspects=[0.25]))
    assert all((bottom - top, right - left) == (64, 48) for left, top, right, bottom in tall)


def test_where_there_is_no_room_for_two_one_lies_in_the_middle():
    assert boxes_of(link(max_tubes=None, scales=[0.9], aspects=[1.0])) == [pytest.approx([4.8, 3.2, 91.2, 60.8])]


def test_windows_side_by_side_cover_the_frame_once():
    boxes = np.array(boxes_of(link(max_tubes=None, scales=[0.25], aspects=[1.0], stride=1.0)))
    assert len(boxes) == 16
    covered = np.zeros((HEIGHT, WIDTH), int)
    for left, top, right, bottom in boxes.astype(int):
        covered[top:bottom, left:right] += 1
    assert (covered == 1).all()


@pytest.mark.parametrize("num_frames", [1, 2, 12])
def test_all_lie_inside_the_frame_no_two_are_the_same_and_larger_ones_come_first(num_frames):
    tubes = link(num_frames, max_tubes=None)
    boxes = np.array(boxes_of(tubes))
    assert (boxes >= 0).all()
    assert (boxes[:, 2:] <= [WIDTH, HEIGHT]).all()
    assert all((tube.start, tube.end) == (0, num_frames) for tube in tubes)
    assert len({tuple(box) for box in boxes.tolist()}) == len(tubes)
    assert boxes[0].tolist() == [0, 0, WIDTH, HEIGHT]
    assert (np.diff(box_areas(boxes)) <= 1e-2).all()


def test_the_same_however_often_and_however_the_scales_are_listed():
    expected = boxes_of(link(max_tubes=50))
    assert boxes_of(link(max_tubes=50)) == expected
    assert boxes_of(link(max_tubes=50, scales=[0.35, 0.5, 0.7, 1.0])) == expected
    assert boxes_of(link(max_tubes=7)) == expected[:7]
    assert len(expected) == 50


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"max_tubes": 0}, "max_tubes >= 1 or None, got 0"),
        ({"scales": []}, r"at least one, .*got \[\]"),
        ({"scales": [1.5]}, r"at most 1.*got \[1\.5\]"),
        ({"stride": 0.0}, r"stride above 0.* and 0\.0"),
        ({"aspects": [-1.0]}, r"aspects above 0.*\[-1\.0\]"),
        ({"aspects": []}, r"aspects above 0, at least one, got \[\]"),
    ],
)
def test_settings_that_mean_nothing_are_refused(option, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindowTubes(**option)

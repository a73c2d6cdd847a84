import numpy as np

from actorsup.structures import Tube
from actorsup.visualization import DrawnTube, draw_tubes, tube_sheet

RED = (255, 0, 0)


def tube() -> Tube:
    return Tube(3, [[40, 20, 90, 60], [50, 20, 100, 60]], [1, 1], 1.0, 0)


def is_red(image: np.ndarray) -> np.ndarray:
    return (image[..., 0] > 150) & (image[..., 1] < 100) & (image[..., 2] < 100)


def test_a_box_is_drawn_where_it_is():
    frame = np.full((80, 120, 3), 60, np.uint8)
    drawn = draw_tubes(frame, 3, [DrawnTube(tube(), RED)])
    assert drawn.shape == frame.shape
    rows, columns = np.nonzero(is_red(drawn))
    np.testing.assert_allclose([columns.min(), rows.min(), columns.max(), rows.max()], [40, 20, 90, 60], atol=2)
    assert not is_red(drawn)[25:55, 45:85].any()  # an outline
    assert (frame == 60).all()


def test_a_tube_is_drawn_in_its_own_frames_only():
    frames = np.full((4, 80, 120, 3), 60, np.uint8)
    sheet = tube_sheet(frames, [2, 3, 4, 5], [DrawnTube(tube(), RED)])
    assert sheet.shape == (80, 480, 3)
    panels = [is_red(sheet[:, 120 * index : 120 * (index + 1)]) for index in range(4)]
    assert [panel.any() for panel in panels] == [False, True, True, False]
    assert np.nonzero(panels[2])[1].min() > np.nonzero(panels[1])[1].min() + 5  # it moved

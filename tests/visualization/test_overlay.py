import numpy as np

from actorsup.structures import ActionTube, Tube
from actorsup.visualization import DrawnTube, draw_tubes, tube_row
from actorsup.visualization.overlay import class_color

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
    sheet = tube_row(frames, [2, 3, 4, 5], [DrawnTube(tube(), RED)])
    assert sheet.shape == (80, 480, 3)
    panels = [is_red(sheet[:, 120 * index : 120 * (index + 1)]) for index in range(4)]
    assert [panel.any() for panel in panels] == [False, True, True, False]
    assert np.nonzero(panels[2])[1].min() > np.nonzero(panels[1])[1].min() + 5  # it moved


def test_a_dashed_box_has_gaps_on_all_sides():
    frame = np.full((80, 120, 3), 60, np.uint8)
    dashed = draw_tubes(frame, 3, [DrawnTube(tube(), RED, dashed=True)])
    full = draw_tubes(frame, 3, [DrawnTube(tube(), RED)])
    for side in (np.s_[20:22, 42:88], np.s_[59:61, 42:88], np.s_[24:56, 40:42], np.s_[24:56, 89:91]):
        assert 0.3 < is_red(dashed[side]).mean() / is_red(full[side]).mean() < 0.8


def test_the_first_tube_is_on_top():
    frame = np.full((80, 120, 3), 60, np.uint8)
    drawn = draw_tubes(frame, 3, [DrawnTube(tube(), RED), DrawnTube(tube(), (0, 0, 255))])
    assert is_red(drawn[40, 40])
    assert not is_red(draw_tubes(frame, 3, [DrawnTube(tube(), (0, 0, 255)), DrawnTube(tube(), RED)])[40, 40])


def test_captions_of_one_place_make_way_for_each_other():
    frame = np.full((160, 200, 3), 60, np.uint8)
    one, two = (
        draw_tubes(frame, 3, [DrawnTube(tube(), color, "caption") for color in colors]).astype(int)
        for colors in ([RED], [RED, RED])
    )
    changed = np.abs(two - one).sum(axis=2) > 0
    # The first caption is where it was, the second one below it.
    assert not changed[:20].any()
    assert changed[20:50].any()


def test_boxes_beyond_the_frame_and_captions_without_room_are_drawn_inside():
    frame = np.full((20, 30, 3), 60, np.uint8)
    outside = Tube(0, [[-50, -50, 500, 500]], [1], 1.0, 0)
    assert draw_tubes(frame, 0, [DrawnTube(outside, RED, "a caption wider than the frame")] * 3).shape == frame.shape


def test_colors_of_classes_differ_and_are_bright():
    colors = np.array([class_color(label) for label in range(24)], float)
    distances = np.linalg.norm(colors[:, None] - colors[None], axis=2) + 1000 * np.eye(24)
    assert distances.min() > 30
    assert (colors @ [0.299, 0.587, 0.114] > 120).all()


def test_an_action_is_captioned_with_rank_class_and_score():
    action = DrawnTube.of_action(ActionTube(2, "Biking", "person", 0, Tube(0, [[0, 0, 9, 9]], [1], 0.625, 5)))
    assert (action.caption, action.color, action.dashed) == ("2 Biking 0.62", class_color(5), False)

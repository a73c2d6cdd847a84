"""Generated pairs: the target is where the offset says, at the size at which trackers crop, and the same twice."""

import cv2
import numpy as np
import pytest

from actorsup.synthetic import generated_pairs
from actorsup.synthetic.drawing import Canvas, capsule, make_textures, tinted
from actorsup.synthetic.generated_pairs import GeneratedPairs, make_figure, pose_figure
from actorsup.trackers.crops import context_sides

WHITE = np.full((128, 128, 3), 255, np.uint8)


@pytest.mark.parametrize("seed", range(12))
def test_a_painted_body_lies_where_it_should_at_the_size_of_a_crop(seed):
    rng = np.random.default_rng(seed)
    figure = make_figure(rng)
    turn = np.diag([1.2, 0.8]) @ np.array([[0.8, -0.6], [0.6, 0.8]])
    dressed = generated_pairs.DressedFigure(figure, (WHITE,), (turn, turn), activity=1.0)
    parts, scale = generated_pairs._fit(pose_figure(rng, figure, 1.0), turn)
    view = Canvas(np.zeros((255, 255, 3), np.uint8))
    generated_pairs._paint_figure(view, dressed, parts, scale, np.array([20.0, -10.0]))
    rows, columns = np.nonzero(view.pixels[..., 0])
    lowest, highest = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()]) + 1
    np.testing.assert_allclose((lowest + highest) / 2 - 127.5, [20, -10], atol=1.5)
    assert context_sides(highest - lowest) == pytest.approx(127, abs=3)


def test_paint_shows_the_texture_where_the_matrix_says_and_nothing_outside(rng):
    texture = rng.integers(1, 255, (64, 64, 3), dtype=np.uint8)
    view = Canvas(np.zeros((64, 64, 3), np.uint8))
    square = np.array([[-10, -10], [10, -10], [10, 20], [-10, 20]], float)
    # The scene's origin is the canvas's middle, (32, 32) in continuous pixels: pixel 31.5 of the texture.
    view.paint(square, texture, np.array([[1, 0, 31.5], [0, 1, 31.5]]))
    inside = (slice(23, 51), slice(23, 41))
    np.testing.assert_array_equal(view.pixels[inside], texture[inside])
    view.pixels[21:53, 21:43] = 0
    assert not view.pixels.any()


def test_what_lies_outside_the_canvas_is_not_painted(rng):
    view = Canvas(np.zeros((64, 64, 3), np.uint8))
    view.paint(np.array([[100, 0], [120, 0], [110, 9.0]]), WHITE, np.eye(2, 3))
    assert not view.pixels.any()


def test_at_rest_a_pose_is_always_the_same_and_otherwise_joints_hold(rng):
    for _ in range(20):
        figure = make_figure(rng)
        first, second = (pose_figure(rng, figure, 0.0) for _ in range(2))
        assert all(np.array_equal(one.outline, other.outline) for one, other in zip(first, second, strict=True))
        parts = pose_figure(rng, figure, 1.0)
        assert len(parts) == len(figure)
        assert all(abs(abs(part.turn) - 1) < 1e-9 for part in parts)  # parts turn, they do not grow


def test_a_capsule_reaches_from_one_round_end_to_the_other():
    outline = capsule(2.0, start=0.5, end=0.25)
    assert outline.imag.min() == pytest.approx(-0.5, abs=0.03)
    assert outline.imag.max() == pytest.approx(2.25, abs=0.02)
    assert outline.real.max() == pytest.approx(0.5)


def test_both_crops_show_the_same_thing():
    """Template matching, which knows nothing of figures, finds more targets than a guess within the shift would."""
    pairs = GeneratedPairs(60, num_textures=60, max_shift=40, variation=0)
    errors = []
    for pair in pairs:
        exemplar, search = (pair[name].permute(1, 2, 0).numpy() for name in ("exemplar", "search"))
        scores = cv2.matchTemplate(search, np.ascontiguousarray(exemplar[32:95, 32:95]), cv2.TM_CCOEFF_NORMED)
        y, x = np.unravel_index(scores.argmax(), scores.shape)
        errors.append(np.linalg.norm(np.array([x, y]) + 31.5 - 127 - pair["offset"].numpy()))
    assert np.mean(np.array(errors) < 8) > 0.3  # of uniform guesses: π · 8² / 80² = 0.03


def test_textures_are_many_and_follow_from_the_seed():
    first, second = (make_textures(np.random.default_rng(5), 12) for _ in range(2))
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
    assert len({texture.tobytes() for texture in first}) == 12
    assert all(texture.shape == (128, 128, 3) and texture.std() > 1 for texture in first)
    assert not np.array_equal(tinted(np.random.default_rng(0), first[0]), first[0])

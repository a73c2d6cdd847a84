import cv2
import numpy as np
import pytest

from actorsup.datasets.transforms import FlipFrames, ResizeFrames
from actorsup.errors import InputError

BOX = (12, 8, 30, 20)


@pytest.fixture
def results() -> dict:
    """Three frames, 60×40, in which exactly the pixels inside the tube's box are white; read-only."""
    x1, y1, x2, y2 = BOX
    frames = np.zeros((3, 40, 60, 3), np.uint8)
    frames[:, y1:y2, x1:x2] = 255
    tubes = np.tile(np.array(BOX, np.float32), (1, 3, 1))
    for array in (frames, tubes):
        array.setflags(write=False)
    return {"frames": frames, "tubes": tubes}


def white_box(frame: np.ndarray) -> list[int]:
    """The box around the pixels that are rather white than black."""
    rows, columns = np.nonzero(frame[..., 0] >= 128)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_a_flipped_box_holds_exactly_the_flipped_pixels(results):
    flipped = FlipFrames(1)(results)
    np.testing.assert_array_equal(flipped["tubes"][0, 0], [30, 8, 48, 20])
    for frame, box in zip(flipped["frames"], flipped["tubes"][0], strict=True):
        np.testing.assert_array_equal(white_box(frame), box)


def test_flipping_twice_changes_nothing(results, rng):
    results = {"frames": rng.integers(0, 256, (2, 5, 8, 3), np.uint8), "tubes": rng.random((4, 2, 4), np.float32)}
    twice = FlipFrames(1)(FlipFrames(1)(results))
    np.testing.assert_array_equal(twice["frames"], results["frames"])
    np.testing.assert_allclose(twice["tubes"], results["tubes"], atol=1e-6)


def test_frames_and_tubes_flip_together_or_not_at_all_as_often_as_asked(results):
    np.random.seed(0)
    flip = FlipFrames(0.3)
    num_flipped = 0
    for _ in range(1000):
        changed = flip(results)
        boxes = [white_box(frame) for frame in changed["frames"]]
        np.testing.assert_array_equal(boxes, changed["tubes"][0])
        num_flipped += boxes[0][0] != BOX[0]
    assert 240 < num_flipped < 360


def test_the_same_seed_gives_the_same_flips(results):
    def draw(seed: int) -> list[bool]:
        np.random.seed(seed)
        return [FlipFrames(0.5)(results) is results for _ in range(30)]

    assert draw(1) == draw(1) != draw(2)


@pytest.mark.parametrize("size", [(120, 80), (30, 20), (120, 20), (30, 80), (180, 40)])
def test_a_resized_box_holds_exactly_the_resized_pixels(results, size):
    resized = ResizeFrames(size)(results)
    assert resized["frames"].shape == (3, size[1], size[0], 3)
    for frame, box in zip(resized["frames"], resized["tubes"][0], strict=True):
        np.testing.assert_array_equal(white_box(frame), box)


def test_shrinking_averages_and_enlarging_interpolates(rng):
    frames = rng.integers(0, 256, (1, 40, 60, 3), np.uint8)
    results = {"frames": frames, "tubes": np.zeros((0, 1, 4), np.float32)}
    means = frames[0].reshape(10, 4, 15, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(ResizeFrames((15, 10))(results)["frames"][0], means, atol=0.5)
    bilinear = cv2.resize(frames[0], (120, 80), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(ResizeFrames((120, 80))(results)["frames"][0], bilinear)


def test_frames_of_the_right_size_stay_as_they_are(results):
    assert ResizeFrames([60, 40])(results) is results


def test_a_video_without_tubes_is_resized_and_flipped(results):
    empty = {**results, "tubes": np.zeros((0, 3, 4), np.float32)}
    assert FlipFrames(1)(ResizeFrames((30, 20))(empty))["tubes"].shape == (0, 3, 4)


@pytest.mark.parametrize("size", [(0, 20), (20,), (20, -1)])
def test_an_impossible_size_is_an_error(size):
    with pytest.raises(InputError, match=r"size must be \(width, height\)"):
        ResizeFrames(size)


@pytest.mark.parametrize("prob", [-0.1, 1.1])
def test_an_impossible_probability_is_an_error(prob):
    with pytest.raises(InputError, match="prob must be from 0 to 1"):
        FlipFrames(prob)

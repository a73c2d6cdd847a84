import numpy as np
import pytest
import torch

from actorsup.trackers.crops import context_side, context_sides, crop_rectangle, crop_squares


def test_a_crop_of_its_own_size_is_the_image():
    image = torch.rand(3, 16, 16)
    crop = crop_squares(image, torch.tensor([[8.0, 8.0]]), torch.tensor([16.0]), 16)
    torch.testing.assert_close(crop[0], image)


def test_a_crop_is_centred_where_it_should_be_and_keeps_axes():
    image = torch.zeros(3, 20, 40)
    image[:, 5, 31] = 1  # row 5, column 31: its centre lies at x = 31.5, y = 5.5
    crop = crop_squares(image, torch.tensor([[31.5, 5.5]]), torch.tensor([9.0]), 9)[0, 0]
    assert divmod(int(crop.argmax()), 9) == (4, 4)


def test_outside_the_image_is_its_mean_colour():
    image = torch.rand(3, 10, 10)
    crop = crop_squares(image, torch.tensor([[-50.0, -50.0]]), torch.tensor([20.0]), 5)
    torch.testing.assert_close(crop[0], image.mean(dim=(1, 2))[:, None, None].expand(3, 5, 5))


def test_context_is_half_of_width_and_height():
    # w = 30, h = 10: c = 20, √(50 · 30) = 38.73
    assert context_sides(torch.tensor([[30.0, 10.0]])).item() == pytest.approx((50 * 30) ** 0.5)


def test_the_side_for_training_is_the_trackers():
    sizes = np.array([[30.0, 10.0], [7.0, 80.0], [20.0, 20.0]])
    expected = context_sides(torch.from_numpy(sizes)).tolist()
    assert [context_side(size) for size in sizes] == pytest.approx(expected)


@pytest.mark.parametrize("center", [(40.0, 30.0), (3.5, 55.25), (-20.0, 10.0)])
@pytest.mark.parametrize("side", [20.0, 63.5, 150.0])
def test_a_crop_for_training_is_the_trackers(rng, center, side):
    frame = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
    expected = crop_squares(
        torch.from_numpy(frame).permute(2, 0, 1).double(),
        torch.tensor([center]).double(),
        torch.tensor([side]).double(),
        63,
    )[0]
    actual = crop_rectangle(frame, np.array(center), np.array([side, side]), 63)
    # OpenCV rounds places to 1/32 pixel: up to 8 levels of 255 between neighbours of noise, far less on average.
    difference = np.abs(actual - expected.permute(1, 2, 0).numpy())
    assert difference.max() <= 9
    assert difference.mean() <= 2

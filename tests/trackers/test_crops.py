import pytest
import torch

from actorsup.trackers.crops import context_sides, crop_squares


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

import numpy as np
import pytest
import torch

from actorsup.trackers.crops import EXEMPLAR_SIZE, SEARCH_SIZE, context_sides, crop_rectangles
from actorsup.trackers.training_data import PairAugmentation


def test_a_crop_of_its_own_size_is_the_image():
    image = torch.rand(3, 16, 16)
    crop = crop_rectangles(image, torch.tensor([[8.0, 8.0]]), torch.tensor([[16.0]]), 16)
    torch.testing.assert_close(crop[0], image)


def test_a_crop_is_centred_where_it_should_be_and_keeps_axes():
    image = torch.zeros(3, 20, 40)
    image[:, 5, 31] = 1  # row 5, column 31: its centre lies at x = 31.5, y = 5.5
    crop = crop_rectangles(image, torch.tensor([[31.5, 5.5]]), torch.tensor([[9.0]]), 9)[0, 0]
    assert divmod(int(crop.argmax()), 9) == (4, 4)


def test_outside_the_image_is_its_mean_colour():
    image = torch.rand(3, 10, 10)
    crop = crop_rectangles(image, torch.tensor([[-50.0, -50.0]]), torch.tensor([[20.0]]), 5)
    torch.testing.assert_close(crop[0], image.mean(dim=(1, 2))[:, None, None].expand(3, 5, 5))


def test_context_is_half_of_width_and_height():
    # w = 30, h = 10: c = 20, √(50 · 30) = 38.73
    assert context_sides(torch.tensor([[30.0, 10.0]])).item() == pytest.approx((50 * 30) ** 0.5)


def test_a_rectangle_stretches_each_axis_by_itself():
    image = torch.rand(3, 12, 20)
    stretched = crop_rectangles(image, torch.tensor([[10.0, 6.0]]), torch.tensor([[20.0, 12.0]]), 24)[0]
    expected = torch.nn.functional.interpolate(image[None], (24, 24), mode="bilinear", align_corners=False)[0]
    torch.testing.assert_close(stretched[:, 1:-1, 1:-1], expected[:, 1:-1, 1:-1])  # the border fades to the mean


@pytest.mark.parametrize("box", [(20.0, 10, 60, 50), (0.5, 3.25, 18, 55), (-20, 30, 30, 70)])
def test_the_crops_of_a_training_pair_are_the_trackers(rng, box):
    frames = rng.integers(0, 256, (2, 60, 80, 3), dtype=np.uint8)
    plain = PairAugmentation(max_shift=0, max_stretch=0, flip=0, variation=0)
    pair = plain.pair(rng, tuple(frames), np.array([box, box]))
    box = torch.tensor([box])
    center, sides = (box[:, :2] + box[:, 2:]) / 2, context_sides(box[:, 2:] - box[:, :2])
    for found, frame, size in zip(pair, frames, (EXEMPLAR_SIZE, SEARCH_SIZE), strict=False):
        image = torch.from_numpy(frame).permute(2, 0, 1).float()
        (expected,) = crop_rectangles(image, center, sides[:, None] * size / EXEMPLAR_SIZE, size)
        # A pair is rounded to whole levels, and its places are computed in float64.
        np.testing.assert_allclose(found, expected.permute(1, 2, 0), atol=0.51)

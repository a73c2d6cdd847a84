"""The crops of training are those of tracking."""

import numpy as np
import pytest
import torch

from actorsup.datasets.tracking.pair_geometry import context_side, crop
from actorsup.trackers.crops import context_sides, crop_squares


def test_the_side_is_the_trackers():
    sizes = np.array([[30.0, 10.0], [7.0, 80.0], [20.0, 20.0]])
    expected = context_sides(torch.from_numpy(sizes)).tolist()
    assert [context_side(size) for size in sizes] == pytest.approx(expected)


@pytest.mark.parametrize("center", [(40.0, 30.0), (3.5, 55.25), (-20.0, 10.0)])
@pytest.mark.parametrize("side", [20.0, 63.5, 150.0])
def test_a_crop_is_the_trackers(rng, center, side):
    frame = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
    expected = crop_squares(
        torch.from_numpy(frame).permute(2, 0, 1).double(),
        torch.tensor([center]).double(),
        torch.tensor([side]).double(),
        63,
    )[0]
    actual = crop(frame, np.array(center), np.array([side, side]), 63)
    # OpenCV rounds places to 1/32 pixel: up to 8 levels of 255 between neighbours of noise, far less on average.
    difference = np.abs(actual - expected.permute(1, 2, 0).numpy())
    assert difference.max() <= 9
    assert difference.mean() <= 2

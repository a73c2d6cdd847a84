import math

import numpy as np
import pytest
import torch

from actorsup.trackers.siamese_network import (
    balanced_accuracy,
    balanced_logistic_loss,
    cell_displacements,
    positive_cells,
)


def test_the_middle_cell_did_not_move_and_its_neighbour_moved_by_the_stride():
    displacements = cell_displacements(17, 8)
    assert displacements.shape == (17, 17, 2)
    assert displacements[8, 8].tolist() == [0, 0]
    assert displacements[8, 9].tolist() == [8, 0]  # a column to the right is x
    assert displacements[0, 8].tolist() == [0, -64]


def test_thirteen_cells_lie_within_sixteen_pixels_of_the_middle():
    (cells,) = positive_cells(torch.zeros(1, 2), size=17, stride=8, radius=16)
    rows = ["".join(".#"[int(cell)] for cell in row) for row in cells[5:12, 5:12]]
    assert rows == [".......", "...#...", "..###..", ".#####.", "..###..", "...#...", "......."]
    assert cells.sum() == 13


def test_the_positive_cells_move_with_the_target():
    offsets = torch.tensor([[0.0, 0.0], [16.0, -24.0], [500.0, 0.0]])
    still, moved, gone = positive_cells(offsets, size=17, stride=8, radius=16)
    torch.testing.assert_close(moved, torch.roll(still, shifts=(-3, 2), dims=(0, 1)))
    assert not gone.any()


def test_the_loss_is_that_of_the_definition():
    rng = np.random.default_rng(0)
    responses, positives = rng.normal(0, 2, (3, 5, 5)), rng.random((3, 5, 5)) < 0.3
    expected = []
    for response, positive in zip(responses, positives, strict=True):
        total = 0.0
        for value, is_positive in zip(response.flat, positive.flat, strict=True):
            label = 1 if is_positive else -1
            weight = 0.5 / (positive.sum() if is_positive else (~positive).sum())
            total += weight * math.log(1 + math.exp(-label * value))
        expected.append(total)
    losses = balanced_logistic_loss(torch.from_numpy(responses), torch.from_numpy(positives))
    np.testing.assert_allclose(losses.numpy(), expected)


def test_without_a_positive_cell_the_negative_ones_still_weigh_one_half():
    losses = balanced_logistic_loss(torch.zeros(1, 4, 4), torch.zeros(1, 4, 4, dtype=torch.bool))
    assert losses.item() == pytest.approx(math.log(2) / 2)


def test_accuracy_counts_both_kinds_alike():
    positives = torch.zeros(1, 3, 3, dtype=torch.bool)
    positives[0, 1, 1] = True
    assert balanced_accuracy(torch.full((1, 3, 3), -1.0), positives).item() == 0.5
    assert balanced_accuracy(torch.where(positives, 1.0, -1.0), positives).item() == 1.0

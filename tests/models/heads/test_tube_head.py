"""What every head does with its features: channels that are standardised, and dropout."""

import pytest
import torch

from actorsup.models.heads import MeanHead
from actorsup.models.ranking import RelativeRanking, TubeRanking


def test_channels_are_standardised_over_the_tubes_that_are_trained_on():
    head = MeanHead(num_classes=2, in_channels=3, roi_size=(2, 2), normalize=True)
    pooled = torch.randn(50, 3, 2, 2) * torch.tensor([1.0, 100.0, 0.01])[:, None, None] + 7
    trained = head.features(pooled).unflatten(1, (3, 4))
    torch.testing.assert_close(trained.mean(dim=(0, 2)), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(trained[:, :2].std(dim=(0, 2), correction=0), torch.ones(2), atol=1e-3, rtol=0)
    for _ in range(300):
        head.features(pooled)
    head.eval()
    torch.testing.assert_close(head.features(pooled[:1])[0], trained[0].flatten(), atol=0.1, rtol=0.01)


def test_one_value_a_channel_is_standardised_by_those_before():
    head = MeanHead(num_classes=2, in_channels=3, roi_size=(1, 1), normalize=True)
    for _ in range(100):
        head.features(torch.randn(200, 3, 1, 1) * 5 + 10)
    (features,) = head.features(torch.full((1, 3, 1, 1), 15.0))
    assert features.tolist() == pytest.approx([1.0] * 3, abs=0.2)


def test_dropout_leaves_features_out_in_training_alone():
    head = MeanHead(num_classes=2, in_channels=100, roi_size=(1, 1), dropout=0.4)
    ones = torch.ones(10, 100, 1, 1)
    assert 0.3 < (head.features(ones) == 0).float().mean() < 0.5
    assert (head.eval().features(ones) == 1).all()


def test_tubes_are_ranked_relative_to_each_other_unless_told_otherwise():
    assert isinstance(MeanHead(num_classes=2, in_channels=3).ranking, RelativeRanking)
    ranked = MeanHead(num_classes=2, in_channels=3, ranking={"type": "TubeRanking"}).ranking
    assert isinstance(ranked, TubeRanking)


def test_less_gain_makes_smaller_weights():
    largest = []
    for gain in (1.0, 0.1):
        head = MeanHead(num_classes=2, in_channels=3, init_gain=gain)
        head.init_weights()
        largest.append(head.classifier.weight.abs().max().item())
    assert largest[1] == pytest.approx(0.1 * largest[0], rel=0.1)

"""The rankings and the two-stream head by hand; channels that are standardised."""

import math

import pytest
import torch
import torch.nn.functional as F

from actorsup.models.heads import MeanHead, TwoStreamHead
from actorsup.models.ranking import RelativeRanking, TubeRanking, VideoRanking, VideoScores

from .cases import LOGITS, VIDEO_INDEX, identity, pooled_logits

SCORES = VideoScores(
    logits=torch.tensor([[2.0, 0.0], [1.0, 3.0]], dtype=torch.float64),
    tubes=torch.tensor([[0.8, 0.2], [0.1, 0.9]], dtype=torch.float64).log(),
    video=torch.tensor([0.25, 0.75], dtype=torch.float64).log(),
)


def assert_probabilities(scores, expected):
    torch.testing.assert_close(scores.exp(), torch.tensor(expected, dtype=torch.float64))


def test_rankings_by_hand():
    assert_probabilities(TubeRanking()(SCORES), [[0.8, 0.2], [0.1, 0.9]])
    assert_probabilities(VideoRanking()(SCORES), [[0.8 * 0.25, 0.2 * 0.75], [0.1 * 0.25, 0.9 * 0.75]])
    share = [1 / (1 + math.exp(1 - 2)), 1 / (1 + math.exp(3 - 0))]  # of the first of two tubes, for each class
    rest = [1 - share[0], 1 - share[1]]
    assert_probabilities(
        RelativeRanking()(SCORES), [[share[0] * 0.25, share[1] * 0.75], [rest[0] * 0.25, rest[1] * 0.75]]
    )


def test_the_relative_ranking_finds_the_tube_that_stands_out_where_all_tubes_favour_another_class():
    logits = torch.tensor([[5.0, 1.0], [5.0, 3.0], [5.0, 1.0]])  # everybody looks like class 0, one a bit like class 1
    scores = VideoScores(logits.double(), logits.double().log_softmax(dim=1), torch.tensor([0.5, 0.5]).double().log())
    assert RelativeRanking()(scores)[1, 1] > RelativeRanking()(scores)[:, 0].max()
    assert TubeRanking()(scores)[1, 1] < TubeRanking()(scores)[:, 0].min()


def two_streams():
    """The second layer gives class 0 the first channel, and class 1 nothing to choose by."""
    head = identity(TwoStreamHead)
    torch.nn.init.zeros_(head.selector.bias)
    with torch.no_grad():
        head.selector.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
    return head


def test_two_streams_by_hand():
    losses = two_streams().loss(pooled_logits(), VIDEO_INDEX, torch.tensor([0, 0, 1]))
    classified, selected = LOGITS.softmax(dim=1), []
    for tubes in (LOGITS[:3], LOGITS[3:]):
        selected += torch.stack([tubes[:, 0].softmax(dim=0), torch.full((len(tubes),), 1 / len(tubes))], dim=1).tolist()
    products = classified * torch.tensor(selected)
    videos = torch.stack([products[:3].sum(dim=0), products[3:].sum(dim=0)])
    expected = F.binary_cross_entropy(videos, torch.tensor([[1.0, 0.0], [0.0, 1.0]]), reduction="sum") / 2
    torch.testing.assert_close(losses["loss_action"], expected)
    scores, of_video = two_streams().predict(pooled_logits(), VIDEO_INDEX, num_videos=3)[0]
    torch.testing.assert_close(scores.exp().float(), products[:3])
    torch.testing.assert_close(of_video, videos[0])


def test_two_streams_survive_certainty():
    pooled = (1000 * pooled_logits()).requires_grad_()
    loss = two_streams().loss(pooled, VIDEO_INDEX, torch.tensor([1, 0, 0]))["loss_action"]
    loss.backward()
    assert loss.isfinite()
    assert pooled.grad.isfinite().all()


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

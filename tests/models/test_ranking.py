"""The rankings by hand, and what the relative one finds."""

import math

import torch

from actorsup.models.ranking import RelativeRanking, TubeRanking, VideoRanking, VideoScores

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

"""The rankings by hand, and what the relative one finds."""

import math

import torch

from actorsup.models.heads.tube_head import log_odds_of, log_probabilities
from actorsup.models.ranking import RelativeRanking, TubeRanking, VideoRanking, VideoScores

SCORES = VideoScores(
    tubes=torch.tensor([[0.8, 0.2], [0.1, 0.9]], dtype=torch.float64).log(),
    log_odds=torch.tensor([[3.0, 0.5], [1.0, 1.5]], dtype=torch.float64).log(),
    video=torch.tensor([0.25, 0.75], dtype=torch.float64).log(),
)


def assert_probabilities(scores, expected):
    torch.testing.assert_close(scores.exp(), torch.tensor(expected, dtype=torch.float64))


def test_rankings_by_hand():
    assert_probabilities(TubeRanking()(SCORES), [[0.8, 0.2], [0.1, 0.9]])
    assert_probabilities(VideoRanking()(SCORES), [[0.8 * 0.25, 0.2 * 0.75], [0.1 * 0.25, 0.9 * 0.75]])
    # Shares of the odds, probabilities, and the video's.
    assert_probabilities(
        RelativeRanking()(SCORES),
        [[3 / 4 * 3 / 4 * 0.25, 0.5 / 2 * 0.5 / 1.5 * 0.75], [1 / 4 * 1 / 2 * 0.25, 1.5 / 2 * 1.5 / 2.5 * 0.75]],
    )


def test_the_share_is_the_chance_that_it_is_this_tube_if_just_one_shows_the_class():
    probabilities = torch.tensor([0.7, 0.2, 0.4], dtype=torch.float64)
    scores = VideoScores(probabilities.log()[:, None], probabilities.logit()[:, None], torch.zeros(1).double())
    alone = [
        math.prod(p if other == tube else 1 - p for other, p in enumerate(probabilities.tolist())) for tube in range(3)
    ]
    expected = [[p * chance / sum(alone)] for p, chance in zip(probabilities.tolist(), alone, strict=True)]
    assert_probabilities(RelativeRanking()(scores), expected)


def test_the_relative_ranking_finds_the_tube_that_stands_out_where_all_tubes_favour_another_class():
    one_stands_out = torch.tensor([[5.0, 1.0], [5.0, 4.5], [5.0, 1.0]])  # like class 1, if anybody is
    nobody_does = torch.full((3, 2), 5.0)
    certain = torch.zeros(2).double()
    first, second = (
        VideoScores(log_probabilities(logits), log_odds_of(logits), certain) for logits in (one_stands_out, nobody_does)
    )
    assert RelativeRanking()(first)[1, 1] > RelativeRanking()(second)[:, 1].max()
    assert TubeRanking()(first)[1, 1] < TubeRanking()(second)[:, 1].min()

"""Learned attention: its weights by hand, what it is without them, and what learns."""

import pytest
import torch

from actorsup.models.heads import MeanHead, SoftmaxAttentionHead

from .cases import LOGITS, TUBES, identity, pooled_logits, shown, tubes_of


def attention_by_hand(head, features):
    """Eq. 8 or 9, tube by tube."""
    attention, scores = head.attention, []
    for feature in features.double():
        hidden = torch.tanh(attention.hidden.weight.double() @ feature + attention.hidden.bias.double())
        if head.attention.gate is not None:
            gate = attention.gate.weight.double() @ feature + attention.gate.bias.double()
            hidden = hidden / (1 + torch.exp(-gate))
        scores.append((attention.score.weight[0].double() * hidden).sum())
    exponentials = torch.stack(scores).exp()
    return exponentials / exponentials.sum()


@pytest.fixture(autouse=True)
def fixed_seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("gated", [True, False])
def test_a_videos_logits_are_the_mean_weighted_as_the_equations_say(gated):
    head = identity(SoftmaxAttentionHead, attention_size=7, gated=gated)
    weights = attention_by_hand(head, LOGITS[:3])
    assert weights.max() > weights.min() + 0.01
    expected = sum(weight * logits for weight, logits in zip(weights, LOGITS[:3].double(), strict=True))
    actual = head.aggregate(LOGITS[:3], LOGITS[:3])
    torch.testing.assert_close(actual.double(), expected, rtol=1e-6, atol=1e-6)


def test_attention_without_preference_is_the_mean_and_ranks_as_without_attention():
    head = identity(SoftmaxAttentionHead, rank_by_attention=True)
    torch.nn.init.zeros_(head.attention.score.weight)
    expected = identity(MeanHead).predict(pooled_logits(), TUBES)
    actual = head.predict(pooled_logits(), TUBES)
    for (scores, of_video), (plain_scores, plain_of_video) in zip(actual, expected, strict=True):
        torch.testing.assert_close(of_video, plain_of_video)
        # Each of the P tubes has the weight 1/P.
        torch.testing.assert_close(scores.exp() * len(scores), plain_scores.exp())


def test_ranking_by_attention_multiplies_by_the_weight():
    head = identity(SoftmaxAttentionHead, rank_by_attention=True, ranking={"type": "VideoRanking"})
    plain = identity(SoftmaxAttentionHead, ranking={"type": "VideoRanking"})
    plain.load_state_dict(head.state_dict())
    scores, of_video = head.predict(pooled_logits(), TUBES)[0]
    plain_scores, plain_of_video = plain.predict(pooled_logits(), TUBES)[0]
    assert torch.equal(of_video, plain_of_video)
    torch.testing.assert_close(scores.exp(), plain_scores.exp() * attention_by_hand(head, LOGITS[:3])[:, None])


def test_tubes_of_another_video_have_no_part_in_the_attention():
    head = identity(SoftmaxAttentionHead, rank_by_attention=True)
    together = head.predict(pooled_logits(), TUBES)[2]
    alone = head.predict(pooled_logits()[3:], tubes_of([0, 0], 1))[0]
    for ours, theirs in zip(together, alone, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("gated", [True, False])
def test_the_attention_learns_which_tube_agrees_with_the_label(gated):
    head = identity(SoftmaxAttentionHead, gated=gated)
    for parameter in head.classifier.parameters():
        parameter.requires_grad_(False)
    optimizer = torch.optim.SGD(head.parameters(), lr=0.5)
    losses = []
    for _ in range(50):
        loss = head.loss(pooled_logits(), TUBES, shown(0, 0, 1))["loss_action"]
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.5 * losses[0]
    weights = attention_by_hand(head, LOGITS[:3])
    assert weights.argmax() == 0  # the one with the highest logit for class 0


def test_a_video_without_tubes_does_not_change_the_loss():
    head = identity(SoftmaxAttentionHead)
    with_empty = head.loss(pooled_logits(), TUBES, shown(0, 1, 1))["loss_action"]
    without = head.loss(pooled_logits(), tubes_of([0, 0, 0, 1, 1], 2), shown(0, 1))["loss_action"]
    assert torch.equal(with_empty, without)


def test_an_attention_of_no_size_is_refused():
    with pytest.raises(ValueError, match="attention_size must be at least 1, got 0"):
        SoftmaxAttentionHead(num_classes=2, in_channels=2, attention_size=0)

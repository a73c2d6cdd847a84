"""Mean, maximum and what lies between: by hand, by their limits, and by their gradients."""

import math

import pytest
import torch

from actorsup.models.heads import LogSumExpHead, MaximumHead, MeanHead, TopKAttentionHead

from .cases import LOGITS, VIDEO_INDEX, identity, pooled_logits

SAME = torch.tensor([[0.3, -7.0]])
CONFIDENT = torch.tensor([[300.0, 0.0], [100.0, -200.0], [-250.0, 90.0]])


def aggregate(head, logits=LOGITS[:3]):
    return head.aggregate(logits, logits[:, :, None, None])


def test_mean_and_maximum_by_hand():
    assert aggregate(identity(MeanHead)).tolist() == [1.0, 2.0]
    assert aggregate(identity(MaximumHead)).tolist() == [3.0, 4.0]


def test_log_sum_exp_by_hand():
    # 1/r · log of the mean of exp(r · z).
    expected = [
        math.log((math.exp(1.5) + math.exp(0.5) + math.exp(-0.5)) / 3) / 0.5,
        math.log((math.exp(0) + math.exp(1) + math.exp(2)) / 3) / 0.5,
    ]
    assert aggregate(identity(LogSumExpHead, sharpness=0.5)).tolist() == pytest.approx(expected, rel=1e-6)


def test_top_1_is_the_maximum_and_top_of_all_the_mean():
    assert torch.equal(aggregate(identity(TopKAttentionHead, topk=1)), aggregate(identity(MaximumHead)))
    torch.testing.assert_close(aggregate(identity(TopKAttentionHead, topk=3)), aggregate(identity(MeanHead)))


@pytest.mark.parametrize("logits", [LOGITS[:3], CONFIDENT], ids=["ordinary", "confident"])
def test_log_sum_exp_is_the_maximum_where_it_is_sharp(logits):
    for sharpness, tolerance in ((10, 0.11), (1e3, 1.1e-3), (1e6, 1e-5)):  # log(3) / sharpness
        difference = aggregate(identity(MaximumHead), logits) - aggregate(
            identity(LogSumExpHead, sharpness=sharpness), logits
        )
        assert (difference >= 0).all()
        assert (difference <= tolerance).all()


def test_log_sum_exp_is_the_mean_where_it_is_not_sharp():
    mean = aggregate(identity(MeanHead))
    for sharpness in (1e-3, 1e-6, 1e-9):
        # Second-order term: sharpness / 2 · variance.
        torch.testing.assert_close(
            aggregate(identity(LogSumExpHead, sharpness=sharpness)), mean, atol=2 * sharpness + 1e-6, rtol=0
        )


@pytest.mark.parametrize("sharpness", [0.01, 1, 100])
def test_twenty_equal_tubes_say_what_one_says(sharpness):
    head = identity(LogSumExpHead, sharpness=sharpness)
    torch.testing.assert_close(aggregate(head, SAME.repeat(20, 1)), aggregate(head, SAME))
    torch.testing.assert_close(aggregate(head, SAME)[None], SAME)


def gradient(head):
    """Of the first video's logit of class 0 with respect to the logits of all tubes for class 0."""
    pooled = pooled_logits(requires_grad=True)
    logits = head(pooled)
    head.aggregate(logits[VIDEO_INDEX == 0], pooled[VIDEO_INDEX == 0])[0].backward()
    return pooled.grad[:, 0, 0, 0]


def test_every_tube_of_a_mean_gets_the_same_gradient():
    torch.testing.assert_close(gradient(identity(MeanHead)), torch.tensor([1, 1, 1, 0, 0]) / 3)


def test_the_best_tube_alone_gets_a_gradient_of_the_maximum():
    assert gradient(identity(MaximumHead)).tolist() == [1, 0, 0, 0, 0]


def test_tubes_share_the_gradient_of_log_sum_exp_by_their_softmax():
    expected = torch.cat([(0.5 * LOGITS[:3, 0]).softmax(dim=0), torch.zeros(2)])
    torch.testing.assert_close(gradient(identity(LogSumExpHead, sharpness=0.5)), expected)


@pytest.mark.parametrize("sharpness", [0, -1])
def test_a_sharpness_that_means_nothing_is_refused(sharpness):
    with pytest.raises(ValueError, match=f"sharpness must be above 0, got {sharpness}"):
        LogSumExpHead(num_classes=2, in_channels=2, sharpness=sharpness)

"""The head that says how sure it is, by hand."""

import pytest
import torch
import torch.nn.functional as F

from actorsup.models.heads import UncertaintyHead

from .cases import LOGITS, TUBES, identity, pooled_logits, shown

LABELS = shown(0, 0, 1)


def uncertainty(log_variance=0.0):
    head = identity(UncertaintyHead)
    torch.nn.init.zeros_(head.log_variance.weight)
    torch.nn.init.constant_(head.log_variance.bias, log_variance)
    return head


def test_the_loss_by_hand():
    best = torch.tensor([[3.0, 4.0], [2.0, 6.0]])  # of the videos with tubes
    plain = F.binary_cross_entropy_with_logits(best, torch.tensor([[1.0, 0.0], [0.0, 1.0]]), reduction="none")
    for s in (0.0, 0.7):
        losses = uncertainty(s).loss(pooled_logits(), TUBES, LABELS)
        torch.testing.assert_close(losses["loss_action"], plain.sum() / 2)
        total = (torch.tensor(-s).exp() * plain + s).sum() / 2
        torch.testing.assert_close(losses["loss_action"] + losses["loss_uncertainty"], total)


def test_a_video_may_show_several_classes_or_none():
    best = torch.tensor([[3.0, 4.0], [2.0, 6.0]])
    plain = F.binary_cross_entropy_with_logits(best, torch.tensor([[1.0, 1.0], [0.0, 0.0]]), reduction="none")
    losses = uncertainty(0.7).loss(pooled_logits(), TUBES, shown((0, 1), 0, ()))
    torch.testing.assert_close(losses["loss_action"], plain.sum() / 2)
    total = (torch.tensor(-0.7).exp() * plain + 0.7).sum() / 2
    torch.testing.assert_close(losses["loss_action"] + losses["loss_uncertainty"], total)


@pytest.mark.parametrize("multi_label", [True, False])
def test_each_class_is_by_itself_whatever_is_asked_for(multi_label):
    head = identity(UncertaintyHead, multi_label=multi_label)
    assert (head.multi_label, head.takes_one_label) == (True, False)
    torch.testing.assert_close(head.log_odds(LOGITS), LOGITS.double())


def test_the_variance_that_counts_is_that_of_the_best_tube():
    head = uncertainty()
    with torch.no_grad():
        head.log_variance.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.0]]))  # of class 0, its logit
    losses = head.loss(
        pooled_logits()[:3],
        TUBES.__class__(TUBES.boxes[:3], TUBES.weights[:3], TUBES.video_index[:3], 1),
        shown(0),
    )
    loss_of_class = F.softplus(torch.tensor(-3.0))
    torch.testing.assert_close(losses["loss_uncertainty"], (torch.tensor(-3.0).exp() - 1) * loss_of_class + 3)


def test_scores_are_sigmoids():
    scores, of_video = uncertainty().predict(pooled_logits(), TUBES)[0]
    torch.testing.assert_close(scores.exp(), LOGITS[:3].double().sigmoid())
    torch.testing.assert_close(of_video, torch.tensor([3.0, 4.0]).sigmoid())

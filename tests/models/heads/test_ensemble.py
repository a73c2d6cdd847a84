import pytest
import torch

from actorsup.models.heads import EnsembleHead
from actorsup.registry import MODELS

from .cases import TUBES, pooled_logits, shown, tubes_of

SETTINGS = {"num_classes": 2, "in_channels": 2, "roi_size": (1, 1)}
every_member = pytest.mark.parametrize(
    "member", ["TopKAttentionHead", "TwoStreamHead", "OnlineRefinementHead", "UncertaintyHead", "SupervisedTubeHead"]
)


def ensemble(member="OnlineRefinementHead", num_members=3, **settings):
    torch.manual_seed(0)
    head = EnsembleHead(member, num_members, **SETTINGS, **settings)
    head.init_weights()
    return head


def labels_for(head):
    return torch.tensor([1, -1, 0, -1, 1]) if head.learns_from_tubes else shown(0, 0, 1)


@every_member
def test_members_begin_differently_and_learn_as_if_each_were_alone(member):
    head = ensemble(member)
    weights = [one.classifier.weight.clone() for one in head.members]
    assert not torch.equal(weights[0], weights[1])
    losses = head.loss(pooled_logits(), TUBES, labels_for(head))
    sum(value for name, value in losses.items() if name.startswith("loss")).backward()
    together = [parameter.grad.clone() for parameter in head.parameters() if parameter.grad is not None]
    head.zero_grad()
    for one in head.members:
        own = one.loss(pooled_logits(), TUBES, labels_for(head))
        sum(value for name, value in own.items() if name.startswith("loss")).backward()
    alone = [parameter.grad for parameter in head.parameters() if parameter.grad is not None]
    assert together
    torch.testing.assert_close(together, alone)


@every_member
def test_scores_and_probabilities_are_the_means_of_the_members(member):
    head = ensemble(member).eval()
    for each, *own in zip(
        head.predict(pooled_logits(), TUBES),
        *(one.predict(pooled_logits(), TUBES) for one in head.members),
        strict=True,
    ):
        torch.testing.assert_close(each[0].exp(), torch.stack([scores.exp() for scores, _ in own]).mean(dim=0))
        torch.testing.assert_close(each[1], torch.stack([of_video for _, of_video in own]).mean(dim=0))
        assert each[0].dtype == torch.float64


def test_members_that_are_alike_say_what_each_says():
    head = ensemble().eval()
    for one in head.members:
        one.load_state_dict(head.members[0].state_dict())
    alone = head.members[0]
    for each, own in zip(head.predict(pooled_logits(), TUBES), alone.predict(pooled_logits(), TUBES), strict=True):
        torch.testing.assert_close(each, own)
    torch.testing.assert_close(head(pooled_logits()), alone(pooled_logits()))
    torch.testing.assert_close(head.log_odds_alone(pooled_logits()), alone.log_odds_alone(pooled_logits()))


def test_the_class_that_most_members_say_is_the_predicted_one():
    head = ensemble("MeanHead")
    for one, bias in zip(head.members, ([9.0, 0.0], [0.0, 9.0], [0.0, 9.0]), strict=True):
        torch.nn.init.zeros_(one.classifier.weight)
        one.classifier.bias.data = torch.tensor(bias)
    losses = head.loss(pooled_logits(), TUBES, shown(0, 0, 1))
    assert head.predicted_classes.tolist() == [1, 1]
    assert losses["top1_acc"].item() == pytest.approx(0.5)  # each member has one of the two videos right


def test_videos_without_tubes_are_undecided_and_cost_nothing():
    head = ensemble()
    assert head.predict(pooled_logits(), TUBES)[1][1].tolist() == [0.5, 0.5]
    losses = head.loss(pooled_logits()[:0], tubes_of([], 2), shown(0, 0))
    assert losses["loss_action"].item() == 0


def test_it_takes_what_its_members_take():
    one_label, several = ensemble("MeanHead"), ensemble("MeanHead", multi_label=True)
    assert (one_label.takes_one_label, several.takes_one_label) == (True, False)
    assert ensemble("SupervisedTubeHead").learns_from_tubes
    head = MODELS.build({"type": "EnsembleHead", "member": "TopKAttentionHead", "topk": 2, **SETTINGS})
    assert (len(head.members), head.num_classes, head.members[4].topk) == (5, 2, 2)


def test_no_members_are_refused():
    with pytest.raises(ValueError, match="num_members must be at least 1, got 0"):
        ensemble(num_members=0)

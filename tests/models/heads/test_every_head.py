"""What holds of every head that ships."""

import pytest
import torch

from actorsup.models import heads
from actorsup.models.heads import (
    LogSumExpHead,
    MaximumHead,
    MeanHead,
    OnlineRefinementHead,
    SoftmaxAttentionHead,
    SupervisedTubeHead,
    TopKAttentionHead,
    TubeHead,
    TwoStreamHead,
    UncertaintyHead,
)
from actorsup.models.ranking import RelativeRanking, TubeRanking, VideoRanking

from .cases import LOGITS, TUBES, identity, pooled_logits, tubes_of

HEADS = {
    "top k": (TopKAttentionHead, {"topk": 2}),
    "mean": (MeanHead, {}),
    "maximum": (MaximumHead, {}),
    "log-sum-exp": (LogSumExpHead, {}),
    "gated attention": (SoftmaxAttentionHead, {"rank_by_attention": True}),
    "plain attention": (SoftmaxAttentionHead, {"gated": False}),
    "supervised": (SupervisedTubeHead, {}),
    "two streams": (TwoStreamHead, {}),
    "two streams, classified": (TwoStreamHead, {"classification_weight": 1.0}),
    "refinement": (OnlineRefinementHead, {}),
    "uncertainty": (UncertaintyHead, {}),
    "normalized": (MeanHead, {"normalize": True}),
}
every_head = pytest.mark.parametrize("name", HEADS)


def build(name, **options):
    head_type, own = HEADS[name]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return identity(head_type, **own, **options)


def labels_for(head, order=slice(None)):
    return torch.tensor([1, -1, 0, -1, 1])[order] if head.learns_from_tubes else torch.tensor([0, 0, 1])


def test_all_heads_are_here():
    assert {head_type for head_type, _ in HEADS.values()} | {TubeHead} == {getattr(heads, one) for one in heads.__all__}


@every_head
@pytest.mark.parametrize("ranking", [TubeRanking, VideoRanking, RelativeRanking])
def test_the_order_of_tubes_makes_no_difference(name, ranking):
    head, order = build(name, ranking=ranking()), torch.tensor([2, 0, 1, 4, 3])
    pooled = pooled_logits()
    loss = head.loss(pooled, TUBES, labels_for(head))["loss_action"]
    torch.testing.assert_close(head.loss(pooled[order], TUBES, labels_for(head, order))["loss_action"], loss)
    before = head.predict(pooled, TUBES)
    after = head.predict(pooled[order], TUBES)
    for video, own_order in ((0, [2, 0, 1]), (1, []), (2, [1, 0])):
        torch.testing.assert_close(after[video][0], before[video][0][own_order])
        torch.testing.assert_close(after[video][1], before[video][1])


@every_head
def test_one_tube_speaks_for_its_video(name):
    head = build(name)
    probabilities = head.score_video(head.aggregate(LOGITS[:1], LOGITS[:1])).exp()
    each_class_by_itself = name == "uncertainty"
    expected = LOGITS[:1].double().sigmoid() if each_class_by_itself else LOGITS[:1].double().softmax(dim=1)
    torch.testing.assert_close(probabilities[None], expected, rtol=1e-5, atol=1e-6)


@every_head
@pytest.mark.parametrize("ranking", [TubeRanking, VideoRanking, RelativeRanking])
def test_a_video_without_tubes_is_undecided_beside_others_and_alone(name, ranking):
    head, pooled = build(name, ranking=ranking()), pooled_logits()
    for scores, of_video in (
        head.predict(pooled, TUBES)[1],
        head.predict(pooled[:0], tubes_of([], 1))[0],
    ):
        assert (scores.shape, scores.dtype) == ((0, 2), torch.float64)
        assert of_video.tolist() == [0.5, 0.5]


@every_head
def test_no_tubes_at_all_give_a_loss_of_zero_that_reaches_every_parameter(name):
    head, pooled = build(name), pooled_logits()[:0].requires_grad_()
    labels = torch.zeros(0 if head.learns_from_tubes else 2, dtype=torch.int64)
    loss = head.loss(pooled, tubes_of([], 2), labels)["loss_action"]
    loss.backward()
    assert loss.item() == 0
    assert pooled.grad is not None
    assert all(parameter.grad is not None and not parameter.grad.any() for parameter in head.parameters())


@every_head
def test_every_parameter_learns(name):
    head = build(name)
    losses = head.loss(pooled_logits(), TUBES, labels_for(head))
    sum(loss for name, loss in losses.items() if "loss" in name).backward()
    assert all(parameter.grad.any() for parameter in head.parameters())


@every_head
def test_losses_and_scores_are_exact_under_autocast(name):
    head = build(name)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert head.loss(pooled_logits(), TUBES, labels_for(head))["loss_action"].dtype == torch.float32
        scores, of_video = head.predict(pooled_logits(), TUBES)[0]
    assert (scores.dtype, of_video.dtype) == (torch.float64, torch.float32)


@every_head
def test_xavier_reaches_every_matrix(name):
    head = build(name)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        head.init_weights()
    for module in head.modules():
        if isinstance(module, torch.nn.Linear):
            bound = (6 / sum(module.weight.shape)) ** 0.5
            assert 0.2 * bound < module.weight.abs().max() <= bound
            assert module.bias is None or not module.bias.any()


@every_head
def test_the_classes_of_the_videos_with_tubes_are_kept_for_those_who_watch(name):
    head, pooled = build(name), pooled_logits()
    head.loss(pooled, TUBES, labels_for(head))
    if head.learns_from_tubes:
        assert head.predicted_classes is None
        return
    of_videos = [scores.argmax() for _, scores in head.predict(pooled, TUBES)]
    assert head.predicted_classes.tolist() == [of_videos[0], of_videos[2]]
    assert not head.predicted_classes.requires_grad
    head.loss(pooled[:0], tubes_of([], 2), torch.tensor([0, 1]))
    assert head.predicted_classes.tolist() == []

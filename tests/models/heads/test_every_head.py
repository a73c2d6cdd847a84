"""What holds of every head that ships."""

import math

import pytest
import torch
import torch.nn.functional as F

from actorsup.models import heads
from actorsup.models.heads import (
    EnsembleHead,
    LogSumExpHead,
    MaximumHead,
    MeanHead,
    OnlineRefinementHead,
    SoftmaxAttentionHead,
    SupervisedTubeHead,
    TextHead,
    TopKAttentionHead,
    TubeHead,
    TwoStreamHead,
    UncertaintyHead,
)
from actorsup.models.ranking import RelativeRanking, TubeRanking, VideoRanking

from .cases import LOGITS, TUBES, identity, pooled_logits, shown, tubes_of

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
SOFTMAX = [
    name
    for name, (head_type, _) in HEADS.items()
    if not issubclass(head_type, SupervisedTubeHead | TwoStreamHead | UncertaintyHead)
]
HEADS |= {f"{name}, several labels": (HEADS[name][0], {**HEADS[name][1], "multi_label": True}) for name in SOFTMAX}
every_head = pytest.mark.parametrize("name", HEADS)
every_softmax = pytest.mark.parametrize("name", SOFTMAX)


def build(name, **options):
    head_type, own = HEADS[name]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return identity(head_type, **own, **options)


def labels_for(head, order=slice(None)):
    return torch.tensor([1, -1, 0, -1, 1])[order] if head.learns_from_tubes else shown(0, 0, 1)


def test_all_heads_are_here():
    others = {TubeHead, EnsembleHead, TextHead}  # the seam, and what test_ensemble.py and test_text_head.py are about
    assert {head_type for head_type, _ in HEADS.values()} | others == {getattr(heads, one) for one in heads.__all__}


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
    expected = LOGITS[:1].double().sigmoid() if head.multi_label else LOGITS[:1].double().softmax(dim=1)
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
    labels = torch.zeros(0, dtype=torch.int64) if head.learns_from_tubes else shown(0, 0)
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
    head.loss(pooled[:0], tubes_of([], 2), shown(0, 1))
    assert head.predicted_classes.tolist() == []


def test_heads_of_one_softmax_alone_take_one_label():
    taken = {name: build(name).takes_one_label for name in HEADS if not build(name).learns_from_tubes}
    assert [name for name, one in taken.items() if one] == SOFTMAX


@every_softmax
@pytest.mark.parametrize(("first", "second"), [((0, 1), ()), (0, (0, 1)), ((), ()), (1, 0)])
def test_with_several_labels_the_loss_is_the_cross_entropy_of_each_class_by_hand(name, first, second):
    head = build(name, multi_label=True)
    labels = shown(first, (0, 1), second)  # the second video has no tube
    losses = head.loss(pooled_logits(), TUBES, labels)
    features = head.features(pooled_logits())
    videos = [
        head.aggregate(head.classifier(features)[index], features[index]).tolist() for index in (slice(3), slice(3, 5))
    ]
    expected, right = 0.0, []
    for logits, of_video in zip(videos, labels[[0, 2]].tolist(), strict=True):
        for logit, is_shown in zip(logits, of_video, strict=True):
            probability = 1 / (1 + math.exp(-logit))
            expected -= math.log(probability if is_shown else 1 - probability) / 2
        right.append(of_video[logits.index(max(logits))])
    assert losses["loss_action"].item() == pytest.approx(expected, rel=1e-5)
    assert losses["top1_acc"].item() == sum(right) / 2


@every_softmax
def test_with_several_labels_the_probabilities_of_the_classes_are_independent(name):
    head = build(name, multi_label=True).eval()
    logits = torch.tensor([[3.0, 0.0], [3.0, 9.0], [-40.0, 9.0]])
    torch.testing.assert_close(head.score_video(logits).exp(), logits.double().sigmoid())
    of_tubes = head.score_tubes(logits, logits)
    if getattr(head, "rank_by_attention", False):
        of_tubes = of_tubes - head.attention(logits).double().log_softmax(dim=0)[:, None]
    torch.testing.assert_close(of_tubes, F.logsigmoid(logits.double()))
    pooled = pooled_logits()
    torch.testing.assert_close(head.log_odds(head(pooled)), head(pooled).double(), rtol=0, atol=0)
    torch.testing.assert_close(head.log_odds_alone(pooled), head(pooled).double(), rtol=0, atol=0)
    scores = head.scores(logits, logits)
    torch.testing.assert_close(scores.log_odds, logits.double(), rtol=0, atol=0)
    torch.testing.assert_close(scores.video.exp(), head.aggregate(logits, logits).double().sigmoid())


@every_softmax
def test_with_several_labels_confident_tubes_keep_their_ranking(name):
    head = build(name, multi_label=True)
    logits = torch.tensor([[30.0, -90.0], [60.0, -60.0], [90.0, -30.0]])
    head.rank_by_attention = False
    scores = head.scores(logits, logits).tubes
    assert scores.argsort(dim=0).tolist() == [[0, 0], [1, 1], [2, 2]]
    assert len(scores[:, 0].unique()) == 3


MANY = [name for name in HEADS if not (build(name).takes_one_label or build(name).learns_from_tubes)]


@pytest.mark.parametrize("name", MANY)
def test_videos_of_several_classes_and_of_none_are_learnt_from(name):
    head, order = build(name), torch.tensor([2, 0, 1, 4, 3])
    pooled, labels = pooled_logits(requires_grad=True), shown((0, 1), 0, ())
    losses = head.loss(pooled, TUBES, labels)
    total = sum(loss for key, loss in losses.items() if "loss" in key)
    total.backward()
    assert pooled.grad.isfinite().all()
    assert pooled.grad[:3].any()
    assert pooled.grad[3:].any()
    again = head.loss(pooled_logits()[order], TUBES, labels)
    for key, loss in losses.items():
        torch.testing.assert_close(again[key], loss)


# Others can settle on the tube that a class is beside of by chance.
FINDS = [name for name in MANY if not name.startswith(("maximum", "gated", "plain"))]


@pytest.mark.parametrize("name", FINDS)
def test_training_finds_the_classes_of_each_video_several_or_none(name):
    # Tubes of a class, or of none, which a channel of the features says.
    head_type, own = HEADS[name]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        head = head_type(num_classes=2, in_channels=3, roi_size=(1, 1), init_gain=0.1, **own)
        head.init_weights()
    of_tubes, labels = torch.tensor([[0, 2], [1, 2], [0, 1], [2, 2]]), shown(0, 1, (0, 1), ())
    if isinstance(head, TwoStreamHead):  # a tube shows one of its classes: where all are alike, the video does
        of_tubes, labels = of_tubes[:3], labels[:3]
    pooled = 3 * torch.eye(3)[of_tubes.flatten()][:, :, None, None]
    tubes = tubes_of(torch.arange(len(labels)).repeat_interleave(2), len(labels))
    optimizer = torch.optim.Adam(head.parameters(), lr=0.05)
    for _ in range(200):
        losses = head.loss(pooled, tubes, labels)
        optimizer.zero_grad()
        sum(loss for key, loss in losses.items() if "loss" in key).backward()
        optimizer.step()
    of_videos = torch.stack([of_video for _, of_video in head.eval().predict(pooled, tubes)])
    assert torch.equal(of_videos > 0.5, labels), of_videos


@pytest.mark.parametrize("name", ["two streams", "two streams, classified", "refinement"])
def test_of_two_streams_several_labels_change_the_loss_of_classification_alone(name):
    labels = shown(0, 0, (0, 1))
    for ranking in (TubeRanking, VideoRanking, RelativeRanking):
        plain, many = build(name, ranking=ranking()), build(name, ranking=ranking(), multi_label=True)
        many.load_state_dict(plain.state_dict())
        both = many.predict(pooled_logits(), TUBES), plain.predict(pooled_logits(), TUBES)
        for ours, theirs in zip(*both, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    ours, theirs = (head.loss(pooled_logits(), TUBES, labels) for head in (many, plain))
    assert {key for key in ours.keys() | theirs if ours[key] != theirs[key]} == (
        {"loss_classification"} if name == "two streams, classified" else set()
    )
    torch.testing.assert_close(many.log_odds(LOGITS), plain.log_odds(LOGITS), rtol=0, atol=0)
    ours, theirs = (head.log_odds_alone(pooled_logits()) for head in (many, plain))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)

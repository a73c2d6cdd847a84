"""The top-k head by hand, and what every head does with videos without tubes."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from actorsup.errors import InputError
from actorsup.models.heads import TopKAttentionHead, TubeHead
from actorsup.models.heads.tube_head import log_probabilities

from .cases import LOGITS, TUBES, identity, pooled_logits, shown, tubes_of


def identity_head(topk=2, ranking=None):
    """A top-k head whose logits are its input."""
    return identity(TopKAttentionHead, topk=topk, ranking=ranking)


def test_video_logits_are_the_mean_of_the_k_highest_by_hand():
    losses = identity_head().loss(pooled_logits(), TUBES, shown(0, 0, 1))
    # Video 0: ((3 + 1) / 2, (4 + 2) / 2) = (2, 3); video 2 has two tubes: (1, 4).
    expected = (math.log(1 + math.exp(3 - 2)) + math.log(1 + math.exp(1 - 4))) / 2
    assert losses["loss_action"].item() == pytest.approx(expected, rel=1e-6)
    assert losses["top1_acc"].item() == 0.5


def test_more_k_than_tubes_takes_the_mean_of_all():
    logits = identity_head(topk=12).aggregate(LOGITS[:3], LOGITS[:3])
    assert logits.tolist() == pytest.approx([1.0, 2.0])


def test_only_selected_tubes_get_a_gradient():
    pooled = pooled_logits(requires_grad=True)
    identity_head(topk=1).loss(pooled, TUBES, shown(0, 0, 1))["loss_action"].backward()
    selected = torch.tensor([[True, False], [False, False], [False, True], [True, False], [False, True]])
    assert torch.equal(pooled.grad.flatten(1) != 0, selected)


def test_video_without_tubes_does_not_change_the_loss():
    without = tubes_of([0, 0, 0, 1, 1], 2)
    with_empty = identity_head().loss(pooled_logits(), TUBES, shown(0, 1, 1))
    expected = identity_head().loss(pooled_logits(), without, shown(0, 1))
    assert with_empty == expected


def test_no_tubes_at_all_give_a_loss_of_zero_that_reaches_every_parameter():
    head = identity_head()
    pooled = pooled_logits()[:0].requires_grad_()
    losses = head.loss(pooled, tubes_of([], 2), shown(0, 1))
    losses["loss_action"].backward()
    assert losses["loss_action"].item() == 0
    assert all(parameter.grad is not None and not parameter.grad.any() for parameter in head.parameters())
    assert pooled.grad is not None


def test_tubes_are_scored_by_their_own_softmax():
    predictions = identity_head().predict(pooled_logits(), TUBES)
    torch.testing.assert_close(predictions[0][0].exp(), LOGITS[:3].double().softmax(dim=1))
    torch.testing.assert_close(predictions[0][1], torch.tensor([2.0, 3.0]).softmax(dim=0))
    torch.testing.assert_close(predictions[2][0].exp(), LOGITS[3:].double().softmax(dim=1))


def test_confident_tubes_keep_their_ranking():
    confident = torch.tensor([[30.0, 0.0, 0.0], [60.0, 0.0, 0.0], [90.0, 0.0, 1.0]])
    assert (confident.double().softmax(dim=1)[:, 0] == 1).sum() > 1  # rounded to ties
    scores = log_probabilities(confident)
    assert scores[:, 0].argsort().tolist() == [0, 1, 2]
    assert (scores[:, 0] < 0).all()
    torch.testing.assert_close(scores[:, 1:], confident.double().log_softmax(dim=1)[:, 1:])


@pytest.mark.parametrize("scale", [0, 1e-3, 1, 30, 1000])
def test_log_probabilities_are_by_way_of_the_odds_of_each_class(scale):
    logits = scale * torch.randn((20, 30), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    logits[1] = logits[0].round()  # ties, of the best too
    logits[2, 3] = logits[2, 4] = logits[2].max()
    for row, found in zip(logits, log_probabilities(logits), strict=True):
        others = [torch.cat([row[:index], row[index + 1 :]]).logsumexp(dim=0) for index in range(len(row))]
        torch.testing.assert_close(found, F.logsigmoid(row - torch.stack(others)), rtol=1e-12, atol=0)


def test_log_probabilities_of_many_classes_take_no_more_room_than_the_logits():
    class Largest(TorchDispatchMode):
        num_values = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            for tensor in result if isinstance(result, tuple) else [result]:
                self.num_values = max(self.num_values, tensor.numel())
            return result

    with Largest() as largest:
        log_probabilities(torch.zeros(20, 700))
    assert largest.num_values == 20 * 700


def test_log_probabilities_of_a_single_class_are_zero():
    assert log_probabilities(torch.tensor([[3.0], [-5.0]])).tolist() == [[0.0], [0.0]]


def test_ranking_by_video_weighs_tubes_with_their_videos_probability():
    predictions = identity_head(ranking={"type": "VideoRanking"}).predict(pooled_logits(), TUBES)
    video_scores = torch.tensor([2.0, 3.0]).softmax(dim=0)
    torch.testing.assert_close(predictions[0][0].exp(), (LOGITS[:3].softmax(dim=1) * video_scores).double())


def test_video_without_tubes_is_undecided():
    tube_scores, video_scores = identity_head().predict(pooled_logits(), TUBES)[1]
    assert tube_scores.shape == (0, 2)
    assert video_scores.tolist() == [0.5, 0.5]


def test_predicting_no_tubes_at_all():
    predictions = identity_head().predict(pooled_logits()[:0], tubes_of([], 2))
    assert [(tubes.shape, videos.tolist()) for tubes, videos in predictions] == [((0, 2), [0.5, 0.5])] * 2


def test_loss_is_taken_in_float32_under_autocast():
    head, pooled = identity_head(), pooled_logits()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert head.loss(pooled, TUBES, shown(0, 0, 1))["loss_action"].dtype == torch.float32


def test_xavier_initialisation_without_bias():
    torch.manual_seed(0)
    head = TopKAttentionHead(num_classes=24, in_channels=8)
    head.init_weights()
    bound = math.sqrt(6 / (24 + 8 * 25))
    assert 0.95 * bound < head.classifier.weight.abs().max() <= bound
    assert not head.classifier.bias.any()


class MedianHead(TubeHead):
    """What a user writes for a head of their own."""

    def aggregate(self, tube_logits, features):
        return tube_logits.median(dim=0).values


def test_a_new_head_is_one_method():
    head = MedianHead(num_classes=2, in_channels=2, roi_size=(1, 1))
    pooled = pooled_logits()
    logits = head(pooled)
    medians = torch.stack([logits[:3].median(0).values, logits[3:].median(0).values])
    expected = F.cross_entropy(medians, torch.tensor([1, 0]))
    losses = head.loss(pooled, TUBES, shown(1, 1, 0))
    torch.testing.assert_close(losses["loss_action"], expected)


def test_features_of_another_shape_are_named():
    with pytest.raises(
        InputError, match=r"shape \(2, 1, 1\) of a tube, encoder and pooling give \(2, 5, 5\).*roi_size"
    ):
        identity_head()(torch.zeros(4, 2, 5, 5))


@pytest.mark.parametrize(("option", "message"), [({"topk": 0}, "topk")])
def test_options_that_mean_nothing_are_refused(option, message):
    with pytest.raises(ValueError, match=message):
        TopKAttentionHead(num_classes=2, in_channels=2, **option)

"""Full supervision: loss and scores by hand."""

import math

import pytest
import torch

from actorsup.models.heads import SupervisedTubeHead

from .cases import LOGITS, TUBES, VIDEO_INDEX, identity, pooled_logits, tubes_of

LABELS = torch.tensor([0, -1, 1, -1, 1])


def probabilities(logits):
    """Of background and the classes, by the definition: background's logit is 0."""
    exponentials = [1.0, *(math.exp(logit) for logit in logits)]
    return [value / sum(exponentials) for value in exponentials]


def test_the_loss_is_the_mean_cross_entropy_of_all_tubes_by_hand():
    losses = identity(SupervisedTubeHead).loss(pooled_logits(), TUBES, LABELS)
    expected = [
        -math.log(probabilities(logits)[label + 1])
        for logits, label in zip(LOGITS.tolist(), LABELS.tolist(), strict=True)
    ]
    assert losses["loss_action"].item() == pytest.approx(sum(expected) / 5, rel=1e-6)
    assert losses["tube_acc"].item() == pytest.approx(3 / 5)  # the two of background are taken for actions


def test_a_tube_of_low_logits_is_background():
    logits = torch.tensor([[-3.0, -2.0]])[:, :, None, None]
    losses = identity(SupervisedTubeHead).loss(logits, tubes_of([0], 1), torch.tensor([-1]))
    assert losses["tube_acc"] == 1


def test_tubes_are_ranked_by_the_log_probability_of_the_classes_beside_background():
    scores, of_video = identity(SupervisedTubeHead).predict(pooled_logits(), TUBES)[0]
    expected = [[math.log(value) for value in probabilities(logits)[1:]] for logits in LOGITS[:3].tolist()]
    torch.testing.assert_close(scores, torch.tensor(expected, dtype=torch.float64))
    torch.testing.assert_close(of_video, torch.tensor([3.0, 4.0]).softmax(dim=0))


def test_every_tube_gets_a_gradient_of_its_own_label_alone():
    pooled = pooled_logits(requires_grad=True)
    identity(SupervisedTubeHead).loss(pooled, TUBES, LABELS)["loss_action"].backward()
    expected = torch.tensor([probabilities(logits)[1:] for logits in LOGITS.tolist()])
    for tube, label in enumerate(LABELS.tolist()):
        if label >= 0:
            expected[tube, label] -= 1
    torch.testing.assert_close(pooled.grad.flatten(1), expected / 5)


def test_which_video_a_tube_belongs_to_makes_no_difference_to_the_loss():
    head = identity(SupervisedTubeHead)
    assert head.loss(pooled_logits(), TUBES, LABELS) == head.loss(pooled_logits(), tubes_of(VIDEO_INDEX * 0, 1), LABELS)

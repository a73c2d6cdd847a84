"""The two-stream head and its refinement by hand."""

import torch
import torch.nn.functional as F

from actorsup.models.heads import OnlineRefinementHead, TwoStreamHead
from actorsup.structures import TubeBatch

from .cases import LOGITS, TUBES, identity, pooled_logits


def two_streams():
    """The second layer gives class 0 the first channel, and class 1 nothing to choose by."""
    head = identity(TwoStreamHead)
    torch.nn.init.zeros_(head.selector.bias)
    with torch.no_grad():
        head.selector.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
    return head


def test_two_streams_by_hand():
    losses = two_streams().loss(pooled_logits(), TUBES, torch.tensor([0, 0, 1]))
    classified, selected = LOGITS.softmax(dim=1), []
    for tubes in (LOGITS[:3], LOGITS[3:]):
        selected += torch.stack([tubes[:, 0].softmax(dim=0), torch.full((len(tubes),), 1 / len(tubes))], dim=1).tolist()
    products = classified * torch.tensor(selected)
    videos = torch.stack([products[:3].sum(dim=0), products[3:].sum(dim=0)])
    expected = F.binary_cross_entropy(videos, torch.tensor([[1.0, 0.0], [0.0, 1.0]]), reduction="sum") / 2
    torch.testing.assert_close(losses["loss_action"], expected)
    scores, of_video = two_streams().predict(pooled_logits(), TUBES)[0]
    torch.testing.assert_close(scores.exp().float(), products[:3])
    torch.testing.assert_close(of_video, videos[0])


def test_two_streams_survive_certainty():
    pooled = (1000 * pooled_logits()).requires_grad_()
    loss = two_streams().loss(pooled, TUBES, torch.tensor([1, 0, 0]))["loss_action"]
    loss.backward()
    assert loss.isfinite()
    assert pooled.grad.isfinite().all()


def test_the_classifying_layer_learns_by_itself_as_well_where_it_is_asked_to():
    labels = torch.tensor([0, 0, 1])
    head = identity(TwoStreamHead, classification_weight=0.5)
    losses = head.loss(pooled_logits(), TUBES, labels)
    smooth = torch.stack([(3 * tubes).exp().mean(dim=0).log() / 3 for tubes in (LOGITS[:3], LOGITS[3:])])
    expected = 0.5 * F.cross_entropy(smooth, torch.tensor([0, 1]))
    torch.testing.assert_close(losses["loss_classification"], expected)
    assert "loss_classification" not in identity(TwoStreamHead).loss(pooled_logits(), TUBES, labels)


def refinement(**options):
    """Two layers: of the first the logits are background's 0 and the input, of the second half of these."""
    head = identity(OnlineRefinementHead, num_refinements=2, **options)
    torch.nn.init.zeros_(head.selector.weight)
    with torch.no_grad():
        for scale, layer in zip((1.0, 0.5), head.refinements, strict=True):
            layer.weight.copy_(scale * torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
            layer.bias.zero_()
    return head


def test_refinement_by_hand():
    # Tubes 0 and 1 are one actor, tube 2 is another; the label is class 1, of which tube 2 has the highest score at
    # first. Background's logit is 0.
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 8], [50, 0, 60, 10]])[:, None].expand(3, 2, 4)
    tubes = TubeBatch(boxes, torch.ones(3, 2), torch.tensor([0, 0, 0]), num_videos=1)
    losses = refinement().loss(pooled_logits()[:3], tubes, torch.tensor([1]))
    layers = [scale * F.pad(LOGITS[:3], (1, 0)) for scale in (1.0, 0.5)]
    targets = torch.tensor([0, 0, 2])  # background twice: nobody overlaps the best tube
    first = LOGITS[2].softmax(dim=0)[1] / 3 * F.cross_entropy(layers[0], targets)
    second = layers[0][2].softmax(dim=0)[2] * F.cross_entropy(layers[1], targets)
    torch.testing.assert_close(losses["loss_refinement"], first + second)


def test_those_who_overlap_the_best_tube_show_the_action_too():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 8], [50, 0, 60, 10]])[:, None].expand(3, 2, 4)
    tubes = TubeBatch(boxes, torch.ones(3, 2), torch.tensor([0, 0, 0]), num_videos=1)
    layers = [scale * F.pad(LOGITS[:3], (1, 0)) for scale in (1.0, 0.5)]
    for min_overlap, targets in ((0.5, [1, 1, 0]), (0.9, [1, 0, 0])):  # class 0: tube 0 is the best one
        losses = refinement(min_overlap=min_overlap).loss(pooled_logits()[:3], tubes, torch.tensor([0]))
        first = LOGITS[0].softmax(dim=0)[0] / 3 * F.cross_entropy(layers[0], torch.tensor(targets))
        second = layers[0][0].softmax(dim=0)[1] * F.cross_entropy(layers[1], torch.tensor(targets))
        torch.testing.assert_close(losses["loss_refinement"], first + second)


def test_no_gradient_flows_from_a_layer_into_what_it_learns_from():
    head = refinement()
    loss = head.loss(pooled_logits(), TUBES, torch.tensor([0, 0, 1]))["loss_refinement"]
    loss.backward()
    assert head.classifier.weight.grad is None
    assert head.selector.weight.grad is None


def test_refined_scores_are_those_of_the_mean_logits():
    scores, of_video = refinement().predict(pooled_logits(), TUBES)[0]
    logits = 0.75 * LOGITS[:3].double()
    torch.testing.assert_close(scores, F.pad(logits, (1, 0)).log_softmax(dim=1)[:, 1:])
    of_two_streams = LOGITS[:3].softmax(dim=1).mean(dim=0)  # the selecting layer has no preference
    torch.testing.assert_close(of_video, of_two_streams)
    torch.testing.assert_close(refinement()(pooled_logits()), 0.75 * LOGITS)

"""The two-stream head and its refinement by hand."""

import pytest
import torch
import torch.nn.functional as F

from actorsup.models.heads import OnlineRefinementHead, TwoStreamHead
from actorsup.structures import TubeBatch

from .cases import LOGITS, TUBES, identity, pooled_logits, shown, tubes_of


def two_streams():
    """The second layer gives class 0 the first channel, and class 1 nothing to choose by."""
    head = identity(TwoStreamHead)
    torch.nn.init.zeros_(head.selector.bias)
    with torch.no_grad():
        head.selector.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
    return head


def test_two_streams_by_hand():
    losses = two_streams().loss(pooled_logits(), TUBES, shown(0, 0, 1))
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
    loss = two_streams().loss(pooled, TUBES, shown(1, 0, 0))["loss_action"]
    loss.backward()
    assert loss.isfinite()
    assert pooled.grad.isfinite().all()


def test_the_classifying_layer_learns_by_itself_as_well_where_it_is_asked_to():
    labels = shown(0, 0, 1)
    head = identity(TwoStreamHead, classification_weight=0.5)
    losses = head.loss(pooled_logits(), TUBES, labels)
    smooth = torch.stack([(3 * tubes).exp().mean(dim=0).log() / 3 for tubes in (LOGITS[:3], LOGITS[3:])])
    expected = 0.5 * F.cross_entropy(smooth, torch.tensor([0, 1]))
    torch.testing.assert_close(losses["loss_classification"], expected)
    assert "loss_classification" not in identity(TwoStreamHead).loss(pooled_logits(), TUBES, labels)


def test_two_streams_take_any_number_of_labels():
    losses = two_streams().loss(pooled_logits(), TUBES, shown((0, 1), 0, ()))
    videos = torch.stack([of_video for _, of_video in two_streams().predict(pooled_logits(), TUBES)])[[0, 2]]
    assert videos.min() > 0.01
    assert videos.max() < 0.99
    expected = -(videos[0].log().sum() + (1 - videos[1]).log().sum()) / 2
    torch.testing.assert_close(losses["loss_action"], expected)
    assert losses["top1_acc"] == 0.5


def test_several_labels_share_the_loss_of_classification_and_a_video_of_none_has_none():
    head = identity(TwoStreamHead, classification_weight=0.5)
    smooth = torch.stack([(3 * tubes).exp().mean(dim=0).log() / 3 for tubes in (LOGITS[:3], LOGITS[3:])])
    logs = smooth.log_softmax(dim=1)
    losses = head.loss(pooled_logits(), TUBES, shown((0, 1), 0, ()))
    torch.testing.assert_close(losses["loss_classification"], -0.5 * (logs[0, 0] + logs[0, 1]) / 2 / 2)
    losses = head.loss(pooled_logits(), TUBES, shown((0, 1), 0, 1))
    torch.testing.assert_close(losses["loss_classification"], -0.5 * (logs[0].mean() + logs[1, 1]) / 2)
    losses = head.loss(pooled_logits(), TUBES, shown((), (0, 1), ()))
    assert losses["loss_classification"] == 0


def test_with_multi_label_the_loss_of_classification_is_of_each_class_by_itself():
    head = identity(TwoStreamHead, classification_weight=0.5, multi_label=True)
    smooth = torch.stack([(3 * tubes).exp().mean(dim=0).log() / 3 for tubes in (LOGITS[:3], LOGITS[3:])]).sigmoid()
    for labels, targets in (
        (((0, 1), 0, ()), [[1, 1], [0, 0]]),
        ((0, 0, 1), [[1, 0], [0, 1]]),
        (((), 0, (0, 1)), [[0, 0], [1, 1]]),
    ):
        targets = torch.tensor(targets)
        expected = -0.5 * torch.where(targets == 1, smooth, 1 - smooth).log().sum() / 2
        losses = head.loss(pooled_logits(), TUBES, shown(*labels))
        torch.testing.assert_close(losses["loss_classification"], expected)


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
    losses = refinement().loss(pooled_logits()[:3], tubes, shown(1))
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
        losses = refinement(min_overlap=min_overlap).loss(pooled_logits()[:3], tubes, shown(0))
        first = LOGITS[0].softmax(dim=0)[0] / 3 * F.cross_entropy(layers[0], torch.tensor(targets))
        second = layers[0][0].softmax(dim=0)[1] * F.cross_entropy(layers[1], torch.tensor(targets))
        torch.testing.assert_close(losses["loss_refinement"], first + second)


def batch_of(boxes) -> TubeBatch:
    """Tubes of one video that stand still."""
    boxes = torch.tensor(boxes, dtype=torch.float32)[:, None].expand(-1, 2, 4)
    return TubeBatch(boxes, torch.ones(boxes.shape[:2]), torch.zeros(len(boxes), dtype=torch.int64), num_videos=1)


def refinement_of(logits, tubes, labels, **options) -> torch.Tensor:
    return refinement(**options).loss(logits[:, :, None, None], tubes, labels)["loss_refinement"]


def loss_by_hand(logits, rounds) -> torch.Tensor:
    """Of the two layers, each with the targets of the tubes and their weights."""
    total = torch.zeros(())
    for scale, (targets, weights) in zip((1.0, 0.5), rounds, strict=True):
        logs = (scale * F.pad(logits, (1, 0))).log_softmax(dim=1)
        terms = [
            -weight * logs[tube, target] for tube, (target, weight) in enumerate(zip(targets, weights, strict=True))
        ]
        total = total + torch.stack(terms).mean()
    return total


def first_scores(logits) -> torch.Tensor:
    """Of the two streams: the selecting layer has no preference."""
    return logits.softmax(dim=1) / len(logits)


def second_scores(logits) -> torch.Tensor:
    """Of the first layer, beside background."""
    return F.pad(logits, (1, 0)).softmax(dim=1)[:, 1:]


def test_the_best_tube_of_each_label_shows_its_own_class():
    # Tube 0, with tube 1 beside it, is the best one of class 0, tube 2 of class 1; tube 3 is nobody's.
    tubes = batch_of([[0, 0, 10, 10], [0, 0, 10, 8], [50, 0, 60, 10], [90, 0, 99, 10]])
    logits = torch.cat([LOGITS[:3], torch.tensor([[0.0, 1.0]])])
    rounds = []
    for scores in (first_scores(logits), second_scores(logits)):
        assert scores.argmax(dim=0).tolist() == [0, 2]
        first, second = scores[0, 0], scores[2, 1]
        # The tube that overlaps nobody counts by the surer of the two, which here is the second.
        assert second > first
        rounds.append(([1, 1, 2, 0], [first, first, second, second]))
    torch.testing.assert_close(refinement_of(logits, tubes, shown((0, 1))), loss_by_hand(logits, rounds))


@pytest.mark.parametrize("surer", [0, 1])
def test_a_tube_near_the_best_ones_of_both_labels_gets_the_class_of_the_nearer_one_or_of_the_surer(surer):
    # Overlaps with the best tubes, 0 and 1, of 9/11 and 7/13, of 7/13 and 9/11, and of 8/12 with both.
    tubes = batch_of([[0, 0, 10, 10], [0, 4, 10, 14], [0, 1, 10, 11], [0, 3, 10, 13], [0, 2, 10, 12]])
    logits = torch.tensor([[4.0, 0.0], [0.0, 4.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    logits[surer, surer] = 5
    rounds = []
    for scores in (first_scores(logits), second_scores(logits)):
        assert scores.argmax(dim=0).tolist() == [0, 1]
        best = scores[0, 0], scores[1, 1]
        nearest = [0, 1, 0, 1, surer]
        rounds.append(([one + 1 for one in nearest], [best[one] for one in nearest]))
    torch.testing.assert_close(refinement_of(logits, tubes, shown((0, 1))), loss_by_hand(logits, rounds))


def test_best_tubes_that_overlap_each_other_keep_their_own_classes():
    tubes = batch_of([[0, 0, 10, 10], [0, 1, 10, 11]])
    logits = torch.tensor([[4.0, 0.0], [0.0, 3.0]])
    rounds = [([1, 2], [scores[0, 0], scores[1, 1]]) for scores in (first_scores(logits), second_scores(logits))]
    torch.testing.assert_close(refinement_of(logits, tubes, shown((0, 1))), loss_by_hand(logits, rounds))


@pytest.mark.parametrize("surer", [0, 1])
def test_a_tube_that_is_the_best_of_both_labels_shows_the_surer_one(surer):
    logits = torch.zeros(1, 2)
    logits[0, surer] = 1
    rounds = [([surer + 1], [scores[0, surer]]) for scores in (first_scores(logits), second_scores(logits))]
    for boxes in ([[0, 0, 10, 10]], [[5, 5, 5, 5]]):  # of an empty box the overlap with itself is 0
        torch.testing.assert_close(refinement_of(logits, batch_of(boxes), shown((0, 1))), loss_by_hand(logits, rounds))


def test_best_tubes_of_empty_boxes_show_their_classes_too():
    tubes = batch_of([[5, 5, 5, 5], [7, 7, 7, 7], [9, 9, 9, 9]])
    rounds = []
    for scores in (first_scores(LOGITS[:3]), second_scores(LOGITS[:3])):
        first, second = scores[0, 0], scores[2, 1]
        rounds.append(([1, 0, 2], [first, second, second]))
    torch.testing.assert_close(refinement_of(LOGITS[:3], tubes, shown((0, 1))), loss_by_hand(LOGITS[:3], rounds))


def test_in_a_video_of_no_class_all_tubes_are_background_and_count_in_full():
    tubes = batch_of([[0, 0, 10, 10], [0, 0, 10, 8], [50, 0, 60, 10]])
    loss = refinement_of(LOGITS[:3], tubes, shown(()))
    layers = [scale * F.pad(LOGITS[:3], (1, 0)) for scale in (1.0, 0.5)]
    background = torch.zeros(3, dtype=torch.int64)
    torch.testing.assert_close(loss, sum(F.cross_entropy(layer, background) for layer in layers))


def test_the_loss_of_refinement_is_the_mean_of_the_videos_whatever_they_show():
    head, labels = refinement(), shown((0, 1), 0, ())
    together = head.loss(pooled_logits(), TUBES, labels)["loss_refinement"]
    first = head.loss(pooled_logits()[:3], tubes_of([0, 0, 0], 1), labels[:1])["loss_refinement"]
    last = head.loss(pooled_logits()[3:], tubes_of([0, 0], 1), labels[2:])["loss_refinement"]
    torch.testing.assert_close(together, (first + last) / 2)


def published_refinement(head, pooled, tubes, labels) -> torch.Tensor:
    """Algorithm 2 for videos of one label: the cross-entropy of a layer counts by the score of the best tube."""
    features = head.features(pooled)
    tube_logits, loss = head.classifier(features), torch.zeros(())
    for video, label in enumerate(labels):
        mask = tubes.video_index == video
        overlaps = tubes.overlaps(mask)
        scores = head.score_tubes(tube_logits[mask], features[mask])[:, label].exp()
        for layer in head.refinements:
            logits, best = layer(features)[mask], scores.argmax()
            shows_action = overlaps[best] > head.min_overlap
            shows_action[best] = True
            loss = loss + scores[best].float() * F.cross_entropy(logits, torch.where(shows_action, label + 1, 0))
            scores = logits.softmax(dim=1)[:, label + 1]
    return loss / len(labels)


@pytest.mark.parametrize("seed", range(5))
def test_with_one_label_a_video_the_loss_of_refinement_is_the_published_one(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        head = OnlineRefinementHead(num_classes=5, in_channels=3, roi_size=(2, 2), min_overlap=0.3)
        pooled, labels = 3 * torch.randn(24, 3, 2, 2), [seed, 4, 0]
        corners = 20 * torch.rand(24, 1, 2)
        boxes = torch.cat([corners, corners + 5 + 15 * torch.rand(24, 1, 2)], dim=2).expand(24, 2, 4)
    tubes = TubeBatch(boxes, torch.ones(24, 2), torch.tensor([0] * 10 + [1] * 9 + [2] * 5), num_videos=3)
    loss = head.loss(pooled, tubes, shown(*labels, num_classes=5))["loss_refinement"]
    torch.testing.assert_close(loss, published_refinement(head, pooled, tubes, labels))


def test_no_gradient_flows_from_a_layer_into_what_it_learns_from():
    head = refinement()
    for labels in (shown(0, 0, 1), shown((0, 1), 0, ())):
        loss = head.loss(pooled_logits(), TUBES, labels)["loss_refinement"]
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


@pytest.mark.parametrize("head_type", [TwoStreamHead, OnlineRefinementHead])
def test_one_class_is_learnt_from_videos_that_show_it_and_videos_that_do_not(head_type):
    torch.manual_seed(0)
    head = head_type(num_classes=1, in_channels=2, roi_size=(1, 1), classification_weight=1.0)
    features = torch.tensor([[3.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.2]])[:, :, None, None]
    tubes, labels = tubes_of([0, 0, 1, 1], 2), torch.tensor([[True], [False]])
    optimizer = torch.optim.Adam(head.parameters(), lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        loss = sum(value for name, value in head.loss(features, tubes, labels).items() if name.startswith("loss"))
        loss.backward()
        optimizer.step()
    (of_first, shows), (_, shows_not) = head.predict(features, tubes)
    assert shows > 0.9 > 0.1 > shows_not
    assert of_first[0] > of_first[1]

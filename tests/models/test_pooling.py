"""The pooling inside the model: the compiled operator trains it as the reference does."""

import copy

import pytest
import torch

from actorsup.models import ActorRoIPool3D, ActorStatisticsPool3D, TubePooling
from actorsup.ops import ops as library
from actorsup.registry import MODELS
from actorsup.structures import TubeBatch

from .cases import VGG16_MODEL, small_frames, small_sample


def test_covers_decide_which_frames_count():
    features = torch.arange(2.0).reshape(1, 2, 1, 1, 1).expand(1, 2, 3, 4, 4)  # every cell holds its frame's index
    boxes = torch.tensor([16.0, 16, 48, 48]).expand(2, 2, 4)
    tubes = TubeBatch(boxes, torch.tensor([[1.0, 1], [0, 1]]), torch.tensor([0, 0]), num_videos=1)
    pooled = ActorRoIPool3D((2, 2))(features, tubes, stride=16)
    assert pooled.shape == (2, 3, 2, 2)
    assert pooled[0].unique().tolist() == [0.5]
    assert pooled[1].unique().tolist() == [1]


def test_statistics_over_time_by_hand():
    steps = torch.tensor([[1.0, 3.0, 8.0], [4.0, 4.0, 4.0]])  # of two channels, in three frames of equal cells
    features = steps.T.reshape(1, 3, 2, 1, 1).expand(1, 3, 2, 4, 4)
    boxes = torch.tensor([16.0, 16, 48, 48]).expand(3, 3, 4)
    weights = torch.tensor([[1.0, 1, 1], [0, 1, 1], [1, 0, 1]])
    pooled = ActorStatisticsPool3D((2, 2))(features, TubeBatch(boxes, weights, torch.zeros(3, dtype=int), 1), stride=16)
    assert pooled.shape == (3, 6, 2, 2)
    expected = torch.tensor(
        [[4, 4, (26 / 3) ** 0.5, 0.001, 3.5, 0], [5.5, 4, 2.5, 0.001, 5, 0], [4.5, 4, 3.5, 0.001, 0, 0]]
    )
    torch.testing.assert_close(pooled, expected[:, :, None, None].expand(3, 6, 2, 2), rtol=1e-4, atol=1e-5)


def five_tubes():
    """Maps of two videos, and moving tubes that each cover some of their frames."""
    generator = torch.Generator().manual_seed(0)
    features = torch.rand(2, 4, 3, 8, 8, generator=generator)
    corners = torch.rand(5, 4, 2, generator=generator) * 60
    boxes = torch.cat([corners, corners + 20 + torch.rand(5, 4, 2, generator=generator) * 40], dim=2)
    weights = torch.tensor([[1.0, 1, 1, 1], [0, 1, 1, 1], [1, 0, 0, 1], [0, 0, 1, 0], [1, 1, 0, 0]])
    return features, TubeBatch(boxes, weights, torch.tensor([0, 0, 1, 1, 1]), num_videos=2)


def test_the_mean_of_the_statistics_is_the_pooling_of_the_paper():
    features, tubes = five_tubes()
    expected = ActorRoIPool3D()(features, tubes, stride=16)
    torch.testing.assert_close(ActorStatisticsPool3D(statistics=["mean"])(features, tubes, stride=16), expected)


@pytest.mark.parametrize("pooling", [ActorRoIPool3D((3, 2)), ActorStatisticsPool3D((3, 2))], ids=["mean", "statistics"])
def test_every_pooling_is_a_statistic_of_the_same_features_of_single_frames(pooling):
    features, tubes = five_tubes()
    of_frames = pooling.of_frames(features, tubes, stride=16)
    assert of_frames.shape == (5, 4, 3, 3, 2)
    for tube, frame in [(1, 2), (4, 0)]:  # what the operator gives for one box on one map
        video = tubes.video_index[tube]
        box, maps = tubes.boxes[tube, frame][None, None], features[video, frame][None, None]
        single = TubeBatch(box, torch.ones(1, 1), torch.zeros(1, dtype=int), num_videos=1)
        torch.testing.assert_close(of_frames[tube, frame], ActorRoIPool3D((3, 2))(maps, single, stride=16)[0])
    torch.testing.assert_close(pooling.over_time(of_frames, tubes.weights), pooling(features, tubes, stride=16))


def test_the_mean_over_time_weighs_frames_as_the_operator_does():
    features, tubes = five_tubes()
    weights = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0, 2, 0, 1], [0, 0, 0, 0], [0, 0, 1e-20, 0], [1, 1, 1, 1]])
    tubes = TubeBatch(tubes.boxes, weights, tubes.video_index, tubes.num_videos)
    pooling = ActorRoIPool3D()
    of_frames = pooling.of_frames(features, tubes, stride=16)
    torch.testing.assert_close(pooling.over_time(of_frames, weights), pooling(features, tubes, stride=16))


def test_a_pooling_of_ones_own_is_what_it_does_over_time():
    class Highest(TubePooling):
        def over_time(self, frame_features, weights):
            counts = weights[:, :, None, None, None] > 0
            return frame_features.masked_fill(~counts, -torch.inf).amax(dim=1)

    features, tubes = five_tubes()
    highest = Highest()(features, tubes, stride=16)
    assert (highest >= ActorRoIPool3D()(features, tubes, stride=16) - 1e-6).all()


def test_statistics_have_a_gradient_everywhere_and_keep_the_type():
    features = torch.randn(1, 3, 2, 4, 4, dtype=torch.bfloat16)
    features[:, :, 1] = 7  # constant
    features.requires_grad_()
    boxes = torch.tensor([16.0, 16, 48, 48]).expand(1, 3, 4)
    pooled = ActorStatisticsPool3D()(features, TubeBatch(boxes, torch.ones(1, 3), torch.tensor([0]), 1), stride=16)
    pooled.float().sum().backward()
    assert pooled.dtype == torch.bfloat16
    assert features.grad.isfinite().all()


def test_unknown_statistics_are_refused():
    with pytest.raises(ValueError, match="statistics must be of mean, deviation, change, got 'median'"):
        ActorStatisticsPool3D(statistics=("mean", "median"))


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last], ids=str)
def test_losses_and_gradients_are_those_of_the_reference(monkeypatch, memory_format):
    torch.manual_seed(0)
    model = MODELS.build(copy.deepcopy(VGG16_MODEL)).to(memory_format=memory_format)
    model.init_weights()
    data = {
        "inputs": [small_frames(seed=0), small_frames(seed=1)],
        "data_samples": [small_sample("jump/01"), small_sample("jump/02", num_tubes=2, labels=(2,))],
    }

    def step():
        model.zero_grad()
        loss, _ = model.parse_losses(model(**model.data_preprocessor(copy.deepcopy(data)), mode="loss"))
        loss.backward()
        return loss.detach(), next(model.parameters()).grad.clone()

    loss, grad = step()
    monkeypatch.setattr(library, "UNUSABLE", "the operator was not built")
    library.warn_of_fallback.cache_clear()
    with pytest.warns(RuntimeWarning, match="plain PyTorch"):
        expected_loss, expected_grad = step()
    torch.testing.assert_close(loss, expected_loss, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(grad, expected_grad, rtol=1e-4, atol=1e-6)

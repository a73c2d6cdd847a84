"""Crops of tubes are the pictures that somebody would cut out by hand, embedded as ordinary pictures."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from actorsup.errors import InputError
from actorsup.models import ActorLocalizer, CropPool, JointModel, PixelEncoder
from actorsup.models.joint_space import ImageTower
from actorsup.structures import TubeBatch
from tests.models.cases import small_frames, small_sample

SIZE = 8


class Colors(nn.Module):
    """The mean colour of each picture, and a fourth channel that is a weight to be loaded."""

    def __init__(self):
        super().__init__()
        self.last = nn.Parameter(torch.zeros(()))

    def forward(self, images):
        means = images.mean(dim=(2, 3))
        return torch.cat([means, self.last.expand(len(means), 1)], dim=1)


class ColorModel(JointModel):
    """Texts are not asked for."""

    weights = "colors"

    def embed(self, texts):
        raise NotImplementedError

    def image_tower(self):
        return ImageTower(Colors(), SIZE, 4)

    def load_image_tower(self, tower):
        torch.nn.init.constant_(tower.body.last, 2.0)


def one_tube(box, num_frames=1, weights=None):
    boxes = torch.tensor(box, dtype=torch.float32).expand(1, num_frames, 4)
    weights = torch.ones(1, num_frames) if weights is None else torch.tensor([weights])
    return TubeBatch(boxes, weights, torch.zeros(1, dtype=torch.int64), 1)


def frame(height=20, width=30):
    return torch.randn(3, height, width, generator=torch.Generator().manual_seed(0))


def test_a_crop_of_the_towers_size_is_the_pixels_themselves():
    crop = CropPool(ColorModel(), context=0).crop(frame(), [4.0, 6.0, 12.0, 14.0])
    torch.testing.assert_close(crop[0], frame()[:, 6:14, 4:12], rtol=0, atol=1e-6)


def test_an_oblong_box_becomes_a_square_that_shows_what_is_beside_it():
    crop = CropPool(ColorModel(), context=0).crop(frame(), [6.0, 4.0, 10.0, 12.0])  # 4 wide, 8 high
    torch.testing.assert_close(crop[0], frame()[:, 4:12, 4:12], rtol=0, atol=1e-6)


def test_context_is_a_share_of_the_longer_side():
    crop = CropPool(ColorModel(), context=1.0).crop(frame(), [6.0, 8.0, 10.0, 12.0])  # 4 × 4
    torch.testing.assert_close(crop[0], frame()[:, 6:14, 4:12], rtol=0, atol=1e-6)


def test_what_is_beyond_the_frame_or_masked_is_the_mean_colour():
    crop = CropPool(ColorModel(), context=0).crop(frame(), [-3.0, -2.0, 5.0, 6.0])
    assert (crop[0, :, :2] == 0).all()
    assert (crop[0, :, :, :3] == 0).all()
    torch.testing.assert_close(crop[0, :, 2:, 3:], frame()[:, :6, :5], rtol=0, atol=1e-6)
    masked = CropPool(ColorModel(), context=0, masked=True).crop(frame(), [6.0, 4.0, 10.0, 12.0])
    expected = torch.zeros(3, 8, 8)
    expected[:, :, 2:6] = frame()[:, 4:12, 6:10]
    torch.testing.assert_close(masked[0], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("box", [[40.0, 4.0, 48.0, 12.0], [-20.0, -20.0, -12.0, -12.0]])
def test_a_box_outside_of_the_frame_shows_nothing(box):
    assert (CropPool(ColorModel(), context=0).crop(frame(), box) == 0).all()


def test_a_box_without_area_is_a_pixel():
    crop = CropPool(ColorModel()).crop(frame(), [5.0, 5.0, 5.0, 5.0])
    assert crop.shape == (1, 3, SIZE, SIZE)
    assert torch.isfinite(crop).all()


def test_a_large_crop_is_made_small_without_aliasing():
    stripes = torch.zeros(3, 64, 64)
    stripes[:, :, ::2] = 1  # one pixel wide: nothing but their mean survives
    crop = CropPool(ColorModel(), context=0).crop(stripes, [0.0, 0.0, 64.0, 64.0])
    assert (crop[..., 1:-1] - 0.5).abs().max() < 0.1


def test_a_tube_is_the_mean_of_its_frames_that_count():
    pool = CropPool(ColorModel(), context=0, batch_size=1)
    pool.init_weights()
    frames = torch.zeros(1, 3, 3, 20, 30)
    frames[0, 0, 0] = 1.5  # red
    frames[0, 1, 1] = 1.5  # green
    frames[0, 2, 2] = 9.0  # blue, which does not count
    tubes = one_tube([4.0, 6.0, 12.0, 14.0], 3, [1.0, 1.0, 0.0])
    single = pool.of_frames(frames, tubes, 1)
    # (1.5, 0, 0, 2) is of length 2.5.
    expected = torch.tensor([[0.6, 0, 0, 0.8], [0, 0.6, 0, 0.8], [0, 0, 0, 0]])
    torch.testing.assert_close(single[0, :, :, 0, 0], expected)
    whole = pool(frames, tubes, 1)
    torch.testing.assert_close(whole[0, :, 0, 0], torch.tensor([0.3, 0.3, 0, 0.8]))
    torch.testing.assert_close(whole, pool.over_time(single, tubes.weights))


def test_each_tube_looks_at_its_own_video():
    pool = CropPool(ColorModel(), context=0)
    frames = torch.zeros(2, 1, 3, 20, 30)
    frames[0, 0, 0], frames[1, 0, 1] = 1, 1
    box = torch.tensor([4.0, 6.0, 12.0, 14.0]).expand(2, 1, 4)
    pooled = pool(frames, TubeBatch(box, torch.ones(2, 1), torch.tensor([0, 1]), 2), 1)
    torch.testing.assert_close(pooled[:, :, 0, 0], torch.eye(4)[:2])


def test_no_tubes_give_no_features():
    none = TubeBatch(torch.zeros(0, 2, 4), torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64), 1)
    assert CropPool(ColorModel())(torch.zeros(1, 2, 3, 20, 30), none, 1).shape == (0, 4, 1, 1)


def test_the_tower_is_never_tuned_and_stays_in_evaluation_mode():
    pool = CropPool(ColorModel()).train()
    assert not pool.tower.training
    assert not any(parameter.requires_grad for parameter in pool.parameters())
    copy.deepcopy(pool)  # as hooks do that keep a mean of the weights


def test_it_looks_at_frames_alone():
    with pytest.raises(InputError, match=r"maps of 512 channels and stride 16: give the model encoder=.*PixelEncoder"):
        CropPool(ColorModel())(torch.zeros(1, 1, 512, 2, 2), one_tube([0.0, 0.0, 8.0, 8.0]), 16)
    for wrong in ({"context": -0.1}, {"batch_size": 0}):
        with pytest.raises(InputError, match="context must be from 0 on, batch_size from 1"):
            CropPool(ColorModel(), **wrong)


def test_the_localizer_takes_it_as_any_encoder_and_pooling():
    head = {"type": "MeanHead", "num_classes": 2, "in_channels": 4, "roi_size": (1, 1)}
    trimming = [{"type": "TemporalTrimming", "window": 1, "min_share": 0.0}]
    model = ActorLocalizer(PixelEncoder(), CropPool(ColorModel()), head, post_processing=trimming)
    model.init_weights()
    assert model.pooling.tower.body.last == 2
    data = {"inputs": [small_frames(4), small_frames(4, seed=1)], "data_samples": [small_sample(num_frames=4)] * 2}
    (sample, _) = model.eval().test_step(data)
    assert (sample.tube_scores.shape, sample.frame_scores.shape) == ((3, 2), (3, 4, 2))
    # Stored features of single frames give the same scores.
    inputs = model.data_preprocessor(data)
    features = model.frame_features(**inputs).split(3)
    stored = [copy.copy(each) for each in data["data_samples"]]
    for each, of_video in zip(stored, features, strict=True):
        object.__setattr__(each, "frame_features", of_video)
    (again, _) = model.test_step({"inputs": data["inputs"], "data_samples": stored})
    np.testing.assert_allclose(again.tube_scores, sample.tube_scores, rtol=1e-5)

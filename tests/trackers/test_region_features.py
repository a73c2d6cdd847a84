import pytest
import torch
from torch import Tensor, nn

from actorsup.models.encoders import Encoder
from actorsup.registry import MODELS
from actorsup.trackers import SiameseNetwork
from actorsup.trackers.region_features import CropFeatures, SharedFeatures


@MODELS.register_module()
class SmallEncoder(Encoder):
    """Stride 8 and a receptive field of 30 pixels: ``(127 - 30) // 8 + 1 = 13`` cells without padding."""

    stride, out_channels = 8, 6

    def __init__(self, padding: int = 0) -> None:
        super().__init__()
        settings = {"stride": 2, "padding": padding}
        self.layers = nn.Sequential(
            nn.Conv2d(3, 4, 4, **settings), nn.Tanh(), nn.Conv2d(4, 4, 4, **settings), nn.Conv2d(4, 6, 6, **settings)
        )

    def forward(self, frames: Tensor) -> Tensor:
        return self.layers(frames)


def network(**settings) -> SiameseNetwork:
    torch.manual_seed(0)
    return SiameseNetwork({"type": "SmallEncoder", **settings}).eval()


def image() -> Tensor:
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand((1, 3, 13, 20), generator=generator)
    return nn.functional.interpolate(coarse, size=(260, 400), mode="bicubic")[0]


@torch.inference_mode()
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_on_its_lattice_and_at_its_magnification_a_region_has_the_features_of_its_crop(scale):
    size = 126  # 13 cells and nothing left over
    centers = torch.tensor([[15.0 + 8 * 23, 15 + 8 * 13]]) / scale  # cells of the shared map lie there
    sides = torch.tensor([[size / scale]])
    shared = SharedFeatures(network())(image(), centers, sides, size)
    assert shared.shape == (1, 1, 6, 13, 13)
    torch.testing.assert_close(shared, CropFeatures(network())(image(), centers, sides, size), rtol=1e-4, atol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize(("padding", "size"), [(0, 126), (1, 120)])  # sizes that leave nothing over
def test_elsewhere_the_features_are_similar_to_those_of_crops(padding, size):
    both = network(padding=padding)
    centers = torch.tensor([[100.0, 90.0], [211.3, 140.7], [301.0, 77.2]])
    sides = torch.tensor([120.0, 141.0, 173.0])[:, None] * torch.tensor([0.96, 1, 1.04])
    cropped = CropFeatures(both)(image(), centers, sides, size)
    shared = SharedFeatures(both)(image(), centers, sides, size)
    inner = (..., slice(2, -2), slice(2, -2))  # away from the padding

    def error(features: Tensor) -> float:
        return float((features - cropped)[inner].norm() / (cropped - cropped.mean(dim=(3, 4), keepdim=True)).norm())

    assert error(shared) < 0.2
    for wrong in (
        SharedFeatures(both)(image(), centers + torch.tensor([4.0, 0.0]), sides, size),
        SharedFeatures(both)(image(), centers - torch.tensor([0.0, 4.0]), sides, size),
        SharedFeatures(both)(image(), centers, sides * 1.3, size),
    ):
        assert error(wrong) > 1.3 * error(shared)


@torch.inference_mode()
def test_outside_of_the_image_lies_its_mean_colour():
    both = network()
    centers, sides = torch.tensor([[4.0, 3.0], [398.0, 250.0]]), torch.full((2, 1), 127.0)
    near = SharedFeatures(both)(image(), centers, sides, 127)
    computed = SharedFeatures(both, reach=160)(image(), centers, sides, 127)  # embeds what the other repeats
    torch.testing.assert_close(near, computed, rtol=1e-4, atol=1e-5)
    cropped = CropFeatures(both)(image(), centers, sides, 127)
    assert (near - cropped).norm() / cropped.norm() < 0.1


@torch.inference_mode()
def test_features_do_not_depend_on_the_other_regions():
    both = network()
    centers = torch.tensor([[90.0, 100.0], [211.3, 140.7], [380.0, 20.0]])
    sides = torch.tensor([[120.0], [300.0], [40.0]])  # three magnifications
    shared = SharedFeatures(both)
    together = shared(image(), centers, sides, 127)
    for index in range(3):
        alone = shared(image(), centers[index : index + 1], sides[index : index + 1], 127)
        torch.testing.assert_close(together[index : index + 1], alone, rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_small_targets_are_not_magnified_beyond_the_limit():
    seen = []
    both = network()
    embed = both.embed
    both.embed = lambda crops: seen.append(tuple(crops.shape[2:])) or embed(crops)
    features = SharedFeatures(both, max_magnification=2)(
        image(), torch.tensor([[200.0, 130.0]]), torch.tensor([[10.0]]), 127
    )
    assert features.shape == (1, 1, 6, 13, 13)
    assert max(seen[-1]) < 2 * 10 + 2 * (32 + 8 * 2)

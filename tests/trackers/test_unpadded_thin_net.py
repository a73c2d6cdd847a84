import pytest
import torch

from actorsup.errors import InputError
from actorsup.models.encoders import measure_cell_center
from actorsup.trackers import UnpaddedThinNet


@pytest.fixture(scope="module")
def network() -> UnpaddedThinNet:
    torch.manual_seed(0)
    return UnpaddedThinNet().eval()


@torch.no_grad()
def test_published_crops_give_a_response_of_17_cells_at_stride_8(network):
    template, search = network(torch.zeros(1, 3, 127, 127)), network(torch.zeros(1, 3, 255, 255))
    assert template.shape[1:] == (network.out_channels, 6, 6)
    assert search.shape[1:] == (network.out_channels, 22, 22)
    assert network.stride == 8


@torch.no_grad()
def test_shifting_the_input_by_the_stride_shifts_the_features_by_one_cell(network):
    image = torch.rand(1, 3, 127, 135)
    first, second = network(image[..., :127]), network(image[..., 8:])
    torch.testing.assert_close(first[..., 1:], second[..., :-1])
    assert not torch.allclose(first, second)


def test_a_cell_sees_81_pixels(network):
    image = torch.rand(1, 3, 127, 127, requires_grad=True)
    network(image)[0, :, 0, 0].sum().backward()
    seen = image.grad[0].abs().sum(dim=0).nonzero()
    assert seen.amin(dim=0).tolist() == [0, 0]
    assert seen.amax(dim=0).tolist() == [80, 80]
    assert measure_cell_center(network, (127, 127), (0, 0)) == pytest.approx((40.5, 40.5))


def test_its_weights_fit_into_two_megabytes(network):
    assert sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values()) < 2 * 2**20


@pytest.mark.parametrize("channels", [(8, 8), (8, 8, 8, 8, 8, 0)])
def test_other_than_six_convolutions_are_refused(channels):
    with pytest.raises(InputError, match="six convolutions"):
        UnpaddedThinNet(channels)

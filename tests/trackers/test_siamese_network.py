import pytest
import torch
import torch.nn.functional as F

from actorsup.errors import InputError
from actorsup.trackers import CrossCorrelation, SiameseNetwork, UnpaddedVGG16
from actorsup.trackers.siamese_network import cross_correlate, window_means


@pytest.fixture(scope="module")
def vgg16() -> UnpaddedVGG16:
    torch.manual_seed(0)
    return UnpaddedVGG16().eval()


@torch.no_grad()
def test_the_published_sizes_are_those_of_vgg16_without_padding(vgg16):
    template = vgg16(torch.zeros(1, 3, 127, 127))
    search = vgg16(torch.zeros(1, 3, 255, 255))
    assert template.shape == (1, 512, 5, 5)
    assert search.shape == (1, 512, 21, 21)
    assert CrossCorrelation()(template, search[None]).shape == (1, 1, 17, 17)


@torch.no_grad()
def test_shifting_the_input_by_the_stride_shifts_the_features_by_one_cell(vgg16):
    image = torch.rand(1, 3, 120, 136)
    first, second = vgg16(image[..., :128]), vgg16(image[..., 8:])
    assert vgg16.stride == 8
    torch.testing.assert_close(first[..., 1:], second[..., :-1])
    assert not torch.allclose(first, second)


def test_its_layers_are_torchvisions(vgg16):
    from torchvision.models import vgg16 as torchvision_vgg16

    with torch.device("meta"):
        whole = torchvision_vgg16().state_dict()
    assert all(whole[name].shape == tensor.shape for name, tensor in vgg16.state_dict().items())
    assert sum(name.endswith("weight") for name in vgg16.state_dict()) == 10  # conv1_1 to conv4_3


def test_the_response_is_the_sum_of_products_of_each_target_alone():
    templates, searches = torch.rand(2, 3, 2, 2), torch.rand(2, 4, 3, 5, 6)
    responses = CrossCorrelation(scale=0.5)(templates, searches)
    assert responses.shape == (2, 4, 4, 5)
    for target, scale in [(0, 0), (1, 3)]:
        expected = 0.5 * (searches[target, scale, :, 1:3, 2:4] * templates[target]).sum()
        torch.testing.assert_close(responses[target, scale, 1, 2], expected)


def test_the_normalized_response_is_a_cosine_and_one_at_the_target_itself():
    searches = torch.rand(2, 1, 8, 12, 12)
    templates = 3 * searches[:, 0, :, 4:8, 5:9] + 1  # contrast and brightness do not matter
    responses = CrossCorrelation(normalized=True)(templates, searches)[:, 0]
    assert responses.abs().max() <= 1 + 1e-5
    for response in responses:
        assert divmod(int(response.argmax()), 9) == (4, 5)
        assert response[4, 5].item() == pytest.approx(1, abs=1e-4)
    window = searches[0, 0, :, 1:5, 2:6]
    centred = window - window.mean(dim=(1, 2), keepdim=True)
    template = templates[0] - templates[0].mean(dim=(1, 2), keepdim=True)
    expected = F.cosine_similarity(centred.flatten(), template.flatten(), dim=0)
    torch.testing.assert_close(responses[0, 1, 2], expected)


def test_a_flat_window_has_no_similarity():
    responses = CrossCorrelation(normalized=True)(torch.rand(1, 2, 3, 3), torch.ones(1, 1, 2, 5, 5))
    assert responses.abs().max() < 1e-2


def test_confidence_lies_between_zero_and_one():
    peaks = torch.tensor([-5.0, 0.5, 5.0])
    assert CrossCorrelation(normalized=True).confidence(peaks).tolist() == [0, 0.5, 1]
    assert ((CrossCorrelation().confidence(peaks) > 0) & (CrossCorrelation().confidence(peaks) < 1)).all()


@pytest.mark.parametrize(("template", "search"), [((2, 2), (5, 6)), ((3, 1), (3, 4)), ((4, 4), (4, 4))])
def test_cross_correlation_is_a_convolution_of_one_group_a_target(template, search):
    torch.manual_seed(0)
    templates, searches = torch.rand(3, 5, *template), torch.rand(3, 2, 5, *search)
    expected = F.conv2d(searches.transpose(0, 1).flatten(1, 2), templates, groups=3).transpose(0, 1)
    torch.testing.assert_close(cross_correlate(templates, searches), expected)
    channels_last = searches.flatten(0, 1).contiguous(memory_format=torch.channels_last).unflatten(0, (3, 2))
    torch.testing.assert_close(cross_correlate(templates, channels_last), expected)


def test_cross_correlation_has_the_gradients_of_its_definition():
    templates = torch.rand(2, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    searches = torch.rand(2, 2, 3, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(cross_correlate, (templates, searches))


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 4)])
def test_window_means_are_those_of_average_pooling(size):
    maps = torch.rand(2, 3, 5, 6)
    torch.testing.assert_close(window_means(maps, size), F.avg_pool2d(maps, size, stride=1))


def test_a_template_is_the_centre_of_the_exemplars_features():
    network = SiameseNetwork({"type": "UnpaddedVGG16"}, template_cells=3)
    features = torch.rand(2, 4, 5, 5)
    torch.testing.assert_close(network.to_templates(features), features[..., 1:4, 1:4], rtol=0, atol=0)
    for impossible in (torch.rand(2, 4, 1, 1), torch.rand(2, 4, 6, 6)):
        with pytest.raises(InputError, match="template_cells=3 cannot be the centre"):
            network.to_templates(impossible)


@torch.no_grad()
def test_the_network_finds_an_exemplar_where_it_was_cut_out():
    torch.manual_seed(0)
    network = SiameseNetwork({"type": "UnpaddedVGG16"}, {"type": "CrossCorrelation", "normalized": True}).eval()
    searches = torch.rand(1, 2, 3, 255, 255)
    exemplar = searches[:, 0, :, 64:191, 64:191]  # 64 pixels are 8 cells
    responses = network(exemplar, searches)
    assert responses.shape == (1, 2, 17, 17)
    assert divmod(int(responses[0, 0].argmax()), 17) == (8, 8)
    assert responses[0, 0, 8, 8].item() == pytest.approx(1, abs=1e-4)
    assert responses[0, 0].max() > responses[0, 1].max()


@pytest.mark.parametrize("normalized", [False, True])
def test_a_trainable_correlation_begins_as_the_plain_one_times_its_scale(normalized):
    templates, searches = torch.rand(2, 3, 2, 2), torch.rand(2, 4, 3, 5, 6)
    plain = CrossCorrelation(scale=1.0, normalized=normalized)
    trainable = CrossCorrelation(scale=3.0, normalized=normalized, trainable=True)
    torch.testing.assert_close(trainable(templates, searches), 3 * plain(templates, searches))
    assert {name for name, _ in trainable.named_parameters()} == {"log_scale", "bias"}
    assert trainable.confidence(torch.tensor([0.0])).item() == 0.5  # a logit
    assert not list(plain.parameters())


def test_a_scale_that_is_not_positive_is_refused():
    with pytest.raises(InputError, match="must be positive, got 0"):
        CrossCorrelation(scale=0)

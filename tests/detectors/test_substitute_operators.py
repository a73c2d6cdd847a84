"""The substitute's operators, called through mmcv's own functions, against torchvision, torch or values by hand."""

import sys

import pytest
import torch
import torch.nn.functional as F
from torchvision.ops import RoIAlign as TorchvisionRoIAlign

from actorsup.detectors.mmcv_compatibility import EXTENSION, SubstituteOperators, provide_mmcv_operators
from actorsup.errors import InputError

provide_mmcv_operators()
pytestmark = pytest.mark.skipif(
    not isinstance(sys.modules[EXTENSION], SubstituteOperators), reason="mmcv has its operators"
)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("sampling_ratio", [0, 2])
def test_regions_are_pooled_as_torchvision_does_with_its_gradient(sampling_ratio):
    from mmcv.ops import RoIAlign

    maps = torch.rand(2, 3, 12, 16, requires_grad=True)
    rois = torch.tensor([[0, 4.0, 8.0, 100.0, 60.0], [1, 30.5, 10.0, 44.0, 80.0], [0, -9.0, 0.0, 5.0, 200.0]])
    ours = RoIAlign((4, 5), 1 / 8, sampling_ratio, "avg", aligned=True)(maps, rois)
    theirs = TorchvisionRoIAlign((4, 5), 1 / 8, sampling_ratio, aligned=True)(maps, rois)
    torch.testing.assert_close(ours, theirs)
    weights = torch.rand_like(ours)
    gradients = [torch.autograd.grad((pooled * weights).sum(), maps)[0] for pooled in (ours, theirs)]
    torch.testing.assert_close(*gradients)


def test_regions_are_pooled_where_their_corners_say():
    """On a ramp of x + 0.5 in pixel x, a bin's mean is the coordinate of its centre: 2.5 and 3.5 of x from 2 to 4."""
    from mmcv.ops import roi_align

    ramp = (torch.arange(8.0) + 0.5).expand(1, 1, 6, 8)
    pooled = roi_align(ramp, torch.tensor([[0, 2.0, 1.0, 4.0, 5.0]]), (1, 2), 1.0, 2, "avg", True)
    torch.testing.assert_close(pooled, torch.tensor([[[[2.5, 3.5]]]]))
    with pytest.raises(InputError, match="pools the maximum"):
        roi_align(ramp, torch.tensor([[0, 2.0, 1.0, 4.0, 5.0]]), (1, 2), 1.0, 2, "max", True)


def attention_by_hand(value, shapes, locations, weights):
    """Each query's sum of bilinear samples: a point at x of a level W wide is at the continuous pixel x·W."""
    batch, _, heads, channels = value.shape
    output = torch.zeros(batch, locations.shape[1], heads, channels)
    for level, maps in enumerate(value.split([int(h * w) for h, w in shapes], dim=1)):
        height, width = map(int, shapes[level])
        maps = maps.reshape(batch, height, width, heads, channels)
        for index in torch.cartesian_prod(*map(torch.arange, weights.shape[:3])).tolist():
            b, query, head = index
            for point in range(weights.shape[-1]):
                x, y = (locations[b, query, head, level, point] * torch.tensor([width, height]) - 0.5).tolist()
                for row in (int(y // 1), int(y // 1) + 1):
                    for column in (int(x // 1), int(x // 1) + 1):
                        if 0 <= row < height and 0 <= column < width:
                            share = (1 - abs(y - row)) * (1 - abs(x - column))
                            weight = weights[b, query, head, level, point]
                            output[b, query, head] += share * weight * maps[b, row, column, head]
    return output.flatten(2)


def test_deformable_attention_is_a_weighted_sum_of_samples_with_its_gradient():
    from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction

    shapes = torch.tensor([[4, 5], [2, 3]])
    starts = torch.tensor([0, 20])
    value = torch.rand(2, 26, 2, 3, requires_grad=True)
    locations = (torch.rand(2, 4, 2, 2, 3, 2) * 1.2 - 0.1).requires_grad_()
    weights = torch.rand(2, 4, 2, 2, 3, requires_grad=True)
    ours = MultiScaleDeformableAttnFunction.apply(value, shapes, starts, locations, weights, 64)
    by_hand = attention_by_hand(value, shapes, locations.detach(), weights)
    torch.testing.assert_close(ours, by_hand)
    of_output = torch.rand_like(ours)
    gradients = torch.autograd.grad((ours * of_output).sum(), [value, weights])
    for found, expected in zip(
        gradients, torch.autograd.grad((by_hand * of_output).sum(), [value, weights]), strict=True
    ):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_deformable_convolution_without_offsets_is_a_convolution(groups):
    from mmcv.ops import deform_conv2d, modulated_deform_conv2d

    image, weight, bias = torch.rand(2, 4, 9, 11), torch.rand(6, 4 // groups, 3, 3), torch.rand(6)
    size = F.conv2d(image, weight, None, 2, 1, 1, groups).shape[-2:]
    offset, mask = torch.zeros(2, 18, *size), torch.full((2, 9, *size), 0.5)
    plain = F.conv2d(image, weight, None, 2, 1, 1, groups)
    torch.testing.assert_close(deform_conv2d(image, offset, weight, 2, 1, 1, groups), plain)
    half = modulated_deform_conv2d(image, offset, mask, weight, bias, 2, 1, 1, groups, 1)
    torch.testing.assert_close(half, 0.5 * plain + bias[:, None, None])


def test_offsets_are_y_then_x_of_each_place():
    from mmcv.ops import deform_conv2d

    image, weight = torch.rand(1, 1, 8, 8), torch.ones(1, 1, 1, 1)
    offset = torch.zeros(1, 2, 8, 8)
    offset[:, 0], offset[:, 1] = 2, -1
    moved = deform_conv2d(image, offset, weight)
    torch.testing.assert_close(moved[..., :6, 1:], image[..., 2:, :7])


def test_the_gradients_of_deformable_convolutions_are_numerically_right():
    from mmcv.ops import deform_conv2d, modulated_deform_conv2d

    image, offset, weight, bias = (
        torch.rand(size, dtype=torch.float64, requires_grad=True)
        for size in ((2, 2, 4, 4), (2, 18, 4, 4), (3, 2, 3, 3), (3,))
    )
    mask = torch.rand(2, 9, 4, 4, dtype=torch.float64, requires_grad=True)
    settings = {"eps": 1e-6, "atol": 1e-5}
    torch.autograd.gradcheck(lambda *values: deform_conv2d(*values, 1, 1), (image, offset, weight), **settings)
    for inputs in ((image, offset, mask, weight, bias), (image, offset, mask, weight)):
        torch.autograd.gradcheck(
            lambda *values: modulated_deform_conv2d(*values, *([None] * (5 - len(values))), 1, 1), inputs, **settings
        )


def test_offsets_of_a_larger_map_are_read_one_after_the_other():
    """As mmcv's kernel does: of 2 maps of 4×4 it takes the first 2·2×2 numbers, for an output of 2×2."""
    from mmcv.ops import modulated_deform_conv2d

    image, weight = torch.rand(1, 1, 2, 2), torch.ones(1, 1, 1, 1)
    offset, mask = torch.zeros(1, 2, 4, 4), torch.ones(1, 1, 4, 4)
    offset[0, 0, 1, 0] = 1.0  # the fifth number: x of the output's first place
    mask[0, 0, 0, 3] = 0.25  # the fourth: that of its last place
    output = modulated_deform_conv2d(image, offset, mask, weight, None)
    expected = image.clone()
    expected[0, 0, 0, 0], expected[0, 0, 1, 1] = image[0, 0, 0, 1], image[0, 0, 1, 1] / 4
    torch.testing.assert_close(output, expected)

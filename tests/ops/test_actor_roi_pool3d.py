"""The pooling against three independent statements of Eq. 1, and at its edges."""

import math

import pytest
import torch
import torch.nn.functional as F
from torchvision.ops import roi_align

from actorsup.ops import actor_roi_pool3d

from .cases import HEIGHT, STRIDE, WIDTH, in_memory_order, pool, random_case


def equation_1_by_loops(features, tubes, video_index, output_size, weights):
    """Eq. 1 cell by cell, in plain Python floats."""

    def kernel(distance):
        return max(0.0, 1.0 - abs(distance))

    num_rows, num_columns = output_size
    pooled = torch.zeros((len(tubes), features.shape[2], num_rows, num_columns), dtype=torch.float64)
    for p, video in enumerate(video_index.tolist()):
        for j in range(num_rows):
            for i in range(num_columns):
                for n in range(features.shape[1]):
                    x1, y1, x2, y2 = tubes[p, n].tolist()
                    u = (x1 + (i + 0.5) * (x2 - x1) / num_columns) / STRIDE - 0.5
                    v = (y1 + (j + 0.5) * (y2 - y1) / num_rows) / STRIDE - 0.5
                    for row in range(HEIGHT):
                        for column in range(WIDTH):
                            share = kernel(row - v) * kernel(column - u) * float(weights[p, n])
                            pooled[p, :, j, i] += share * features[video, n, :, row, column].double()
        pooled[p] /= float(weights[p].sum())
    return pooled


def grid_sample_and_mean(features, tubes, video_index, output_size):
    num_rows, num_columns = output_size
    pooled = []
    for boxes, video in zip(tubes, video_index, strict=True):
        x1, y1, x2, y2 = boxes.unbind(dim=1)
        xs = torch.stack([x1 + (i + 0.5) / num_columns * (x2 - x1) for i in range(num_columns)], dim=1)
        ys = torch.stack([y1 + (j + 0.5) / num_rows * (y2 - y1) for j in range(num_rows)], dim=1)
        xs, ys = xs / (WIDTH * STRIDE) * 2 - 1, ys / (HEIGHT * STRIDE) * 2 - 1
        grid = torch.stack(
            [xs[:, None].expand(-1, num_rows, -1), ys[:, :, None].expand(-1, -1, num_columns)], dim=-1
        ).to(features.dtype)
        sampled = F.grid_sample(features[video], grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        pooled.append(sampled.mean(dim=0))
    return torch.stack(pooled)


@pytest.mark.parametrize("seed", range(3))
def test_equals_equation_1_inside_and_outside_of_the_map(seed):
    features, tubes, video_index = random_case(seed, margin=-40)
    weights = torch.rand((5, 3), generator=torch.Generator().manual_seed(seed))
    expected = equation_1_by_loops(features, tubes, video_index, (3, 2), weights)
    torch.testing.assert_close(pool(features, tubes, video_index, weights=weights), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("output_size", [(5, 5), (1, 1), (2, 7)])
def test_equals_grid_sample_with_zero_padding_and_mean(output_size):
    features, tubes, video_index = random_case(margin=-40)
    expected = grid_sample_and_mean(features, tubes, video_index, output_size)
    torch.testing.assert_close(pool(features, tubes, video_index, output_size), expected)


def test_equals_roi_align_and_mean_for_boxes_away_from_the_border():
    features, tubes, video_index = random_case(margin=STRIDE / 2)
    expected = torch.zeros((len(tubes), 3, 5, 5), dtype=torch.float64)
    for frame in range(3):
        rois = torch.cat([video_index[:, None].double(), tubes[:, frame]], dim=1)
        expected += roi_align(features[:, frame], rois, (5, 5), 1 / STRIDE, sampling_ratio=1, aligned=True) / 3
    torch.testing.assert_close(pool(features, tubes, video_index, (5, 5)), expected)


def test_a_ramp_is_read_at_the_cell_centres_by_hand():
    ramp = ((torch.arange(WIDTH) + 0.5) * STRIDE).expand(1, 1, 1, HEIGHT, WIDTH)  # each cell holds its own x in pixels
    pooled = pool(ramp, torch.tensor([[[20.0, 20.0, 60.0, 40.0]]]), torch.tensor([0]), (1, 4))
    assert pooled.flatten().tolist() == pytest.approx([25, 35, 45, 55])


def test_gradient_of_features_is_that_of_finite_differences():
    features, tubes, video_index = random_case(margin=-40)
    weights = torch.tensor([[1.0, 0, 2]]).expand(5, 3)
    assert torch.autograd.gradcheck(
        lambda u: pool(u, tubes, video_index, weights=weights), features.requires_grad_(), fast_mode=False
    )


def test_linear_in_features():
    features, tubes, video_index = random_case()
    others = random_case(seed=1)[0]
    combined = pool(2 * features - 3 * others, tubes, video_index)
    expected = 2 * pool(features, tubes, video_index) - 3 * pool(others, tubes, video_index)
    torch.testing.assert_close(combined, expected)


def test_frames_of_weight_zero_do_not_matter():
    features, tubes, video_index = random_case()
    weights = torch.tensor([[0.5, 0.0, 0.5]]).expand(5, 3)
    expected = pool(features[:, ::2], tubes[:, ::2], video_index)
    torch.testing.assert_close(pool(features, tubes, video_index, weights=weights), expected)


def test_a_tube_without_any_weight_gives_zeros_and_no_gradient():
    features, tubes, video_index = random_case()
    features.requires_grad_()
    pooled = pool(features, tubes, video_index, weights=torch.zeros(5, 3))
    pooled.sum().backward()
    assert not pooled.any()
    assert not features.grad.any()


def test_a_box_wholly_outside_gives_zeros():
    features, _, _ = random_case()
    outside = torch.tensor([[[-300.0, 0, -200, 64]] * 3, [[0.0, 500, 96, 600]] * 3])
    assert not pool(features, outside, torch.tensor([0, 1])).any()


def test_a_box_of_zero_size_reads_one_point():
    features, _, _ = random_case()
    point = torch.tensor([[[STRIDE * 2.5, STRIDE * 1.5] * 2] * 3])  # the centre of the cell in row 1, column 2
    pooled = pool(features, point, torch.tensor([1]))
    torch.testing.assert_close(pooled, features[1, :, :, 1, 2].mean(dim=0)[None, :, None, None].expand(1, 3, 3, 2))


def test_tubes_come_in_any_order_of_videos():
    features, tubes, _ = random_case()
    video_index = torch.tensor([1, 0, 1, 0, 0])
    one_by_one = [pool(features, tubes[p : p + 1], video_index[p : p + 1]) for p in range(5)]
    torch.testing.assert_close(pool(features, tubes, video_index), torch.cat(one_by_one))


def test_no_tubes_give_an_empty_result_with_a_graph():
    features, tubes, video_index = random_case()
    features.requires_grad_()
    pooled = pool(features, tubes[:0], video_index[:0])
    pooled.sum().backward()
    assert pooled.shape == (0, 3, 3, 2)
    assert features.grad.shape == features.shape
    assert not features.grad.any()


def test_no_videos_give_an_empty_result():
    features, tubes, video_index = random_case()
    assert pool(features[:0], tubes[:0], video_index[:0]).shape == (0, 3, 3, 2)


def test_one_frame():
    features, tubes, video_index = random_case(num_frames=1)
    expected = grid_sample_and_mean(features, tubes, video_index, (3, 2))
    torch.testing.assert_close(pool(features, tubes, video_index), expected)


@pytest.mark.parametrize("order", [(0, 1, 3, 4, 2), (4, 3, 2, 1, 0)], ids=["channels last", "reversed"])
def test_memory_layout_does_not_matter(order):
    features, tubes, video_index = random_case()
    strange = in_memory_order(features, order)
    assert not strange.is_contiguous()
    torch.testing.assert_close(pool(strange, tubes, video_index), pool(features, tubes, video_index))


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2**-8), (torch.float16, 2**-11)], ids=str
)
def test_accumulates_in_float32_at_least(dtype, tolerance):
    features, tubes, video_index = random_case(num_frames=64, dtype=dtype)
    pooled = pool(features, tubes, video_index)
    assert pooled.dtype == dtype
    # What is left is the rounding of the result alone.
    torch.testing.assert_close(pooled.double(), pool(features.double(), tubes, video_index), rtol=tolerance, atol=1e-6)


def test_autocast_does_not_round_the_boxes():
    features, tubes, video_index = random_case(dtype=torch.float32)
    expected = pool(features, tubes, video_index)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(pool(features, tubes, video_index), expected, rtol=0, atol=0)


def test_forward_and_backward_are_deterministic():
    results = []
    for _ in range(2):
        features, tubes, video_index = random_case(dtype=torch.float32, num_tubes=40)
        features.requires_grad_()
        pooled = pool(features, tubes, video_index)
        pooled.square().sum().backward()
        results.append((pooled.detach(), features.grad))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])


def changed(tensor, index, value):
    tensor = tensor.clone()
    tensor[index] = value
    return tensor


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f, t, v: {"features": f[0]}, "features must be floating point"),
        (lambda f, t, v: {"features": f.int()}, "features must be floating point"),
        (lambda f, t, v: {"tubes": t[:, :2]}, r"features of 3 frames need .* got .* \(5, 2, 4\)"),
        (lambda f, t, v: {"tubes": t.long()}, "floating-point tubes"),
        (lambda f, t, v: {"video_index": v[:4]}, r"int64 video_index of shape \(5,\)"),
        (lambda f, t, v: {"video_index": v.int()}, "int64 video_index"),
        (lambda f, t, v: {"video_index": changed(v, 3, 2)}, r"video_index\[3\] = 2: expected 0 to 1"),
        (lambda f, t, v: {"video_index": changed(v, 3, -1)}, r"video_index\[3\] = -1: expected 0 to 1"),
        (lambda f, t, v: {"tubes": changed(t, (4, 1, 2), math.nan)}, r"tubes\[4, 1\] = .*nan"),
        (lambda f, t, v: {"tubes": changed(t, (4, 1, 2), math.inf)}, r"tubes\[4, 1\] = .*inf"),
        (lambda f, t, v: {"tubes": t.requires_grad_()}, "gradient for features only"),
        (lambda f, t, v: {"weights": torch.ones(5, 2)}, r"weights must have the shape \(5, 3\)"),
        (lambda f, t, v: {"weights": changed(torch.ones(5, 3), (2, 0), -1)}, r"weights\[2, 0\] = -1"),
        (lambda f, t, v: {"weights": torch.ones(5, 3, requires_grad=True)}, "gradient for features only"),
        (lambda f, t, v: {"weights": torch.ones(5, 3, device="meta")}, "on one device"),
        (lambda f, t, v: {"output_size": (5, 0)}, "output_size"),
        (lambda f, t, v: {"spatial_scale": 0.0}, "spatial_scale"),
    ],
)
def test_input_that_does_not_fit_is_an_error_that_says_what(change, message):
    features, tubes, video_index = random_case()
    arguments = {"features": features, "tubes": tubes, "video_index": video_index}
    arguments |= {"output_size": (5, 5), "spatial_scale": 1 / STRIDE}
    arguments |= change(features, tubes, video_index)
    with pytest.raises(ValueError, match=message):
        actor_roi_pool3d(**arguments)

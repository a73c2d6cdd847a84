"""The compiled operator against the reference, and what torch asks of an operator, on every device there is."""

import subprocess
import sys
import warnings

import pytest
import torch

from actorsup.ops import ops as library
from actorsup.ops.reference import actor_roi_pool3d_reference

from .cases import STRIDE, channels_last, pool, random_case

TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 2**-8, torch.float16: 2**-11}
LAYOUTS = {
    "contiguous": torch.Tensor.contiguous,
    "channels last": channels_last,
    "every second frame": lambda features: features.repeat_interleave(2, dim=1)[:, ::2],
    "transposed": lambda features: features.transpose(3, 4).contiguous().transpose(3, 4),
}


@pytest.fixture(params=["cpu", "cuda"])
def device(request):
    if request.param == "cuda" and not (torch.cuda.is_available() and library.is_compiled_for("cuda")):
        pytest.skip(f"no CUDA device, or the operator is built for {library.build_info()}")
    return request.param


@pytest.fixture
def restored_threads():
    number = torch.get_num_threads()
    yield
    torch.set_num_threads(number)


def test_the_operator_is_built():
    assert not library.UNUSABLE, f"{library.UNUSABLE}: run `make setup`"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize("seed", range(10))
def test_equals_the_reference(device, seed, dtype, layout):
    # 37 channels: one whole block of the CPU kernel and a rest.
    features, tubes, video_index = (x.to(device) for x in random_case(seed, channels=37, margin=-40))
    weights = torch.rand((5, 3), generator=torch.Generator().manual_seed(seed)).to(device)
    weights[seed % 5, seed % 3] = 0
    rounded = features.to(dtype)
    exact = rounded.to(torch.float64, copy=True).requires_grad_()
    expected = actor_roi_pool3d_reference(exact, tubes, video_index, (3, 5), 1 / STRIDE, weights)
    grad = torch.randn(expected.shape, generator=torch.Generator().manual_seed(seed)).to(device, dtype)
    expected.backward(grad.double())

    leaf = LAYOUTS[layout](rounded).requires_grad_()
    pooled = pool(leaf, tubes, video_index, (3, 5), weights)
    pooled.backward(grad)
    assert pooled.dtype == leaf.grad.dtype == dtype
    # Half precision rounds the result alone, float32 the boxes too, which are given in float64.
    # Where terms cancel, the order of the sums shows, and that a GPU fuses them with the products.
    atol = max(TOLERANCES[dtype] / 10, 5e-6) if dtype != torch.float64 else 1e-14
    tolerance = {"rtol": TOLERANCES[dtype], "atol": atol}
    torch.testing.assert_close(pooled.double(), expected.detach(), **tolerance)
    torch.testing.assert_close(leaf.grad.double(), exact.grad, **tolerance)


@pytest.mark.parametrize("layout", ["contiguous", "channels last"])
def test_gradients_of_first_and_second_order_are_those_of_finite_differences(device, layout):
    small = random_case(num_frames=2, num_tubes=3, channels=2, margin=-40)
    features, tubes, video_index = (x.to(device) for x in small)
    leaf = LAYOUTS[layout](features).requires_grad_()
    assert torch.autograd.gradcheck(lambda u: pool(u, tubes, video_index), leaf, fast_mode=False)
    assert torch.autograd.gradgradcheck(lambda u: pool(u, tubes, video_index), leaf)


def test_a_channels_last_gradient_for_channels_last_features(device):
    features, tubes, video_index = (x.to(device) for x in random_case())
    leaf = channels_last(features).requires_grad_()
    (grad,) = torch.autograd.grad(pool(leaf, tubes, video_index).sum(), leaf)
    assert grad.stride() == leaf.stride()


@pytest.mark.parametrize("maps", [(1, 1), (1, 6), (5, 1)], ids=str)
@pytest.mark.parametrize("channels", [1, 33])
def test_maps_of_one_cell_row_or_column(device, maps, channels):
    tubes, video_index = (x.to(device) for x in random_case(margin=-20)[1:])
    leaf = channels_last(torch.randn((2, 3, channels, *maps), device=device, dtype=torch.float64)).requires_grad_()
    other = leaf.detach().clone().requires_grad_()
    weights = torch.ones(5, 3, device=device)
    pooled = pool(leaf, tubes, video_index)
    expected = actor_roi_pool3d_reference(other, tubes, video_index, (3, 2), 1 / STRIDE, weights)
    torch.testing.assert_close(pooled, expected)
    pooled.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(leaf.grad, other.grad)


@pytest.mark.parametrize(
    "arguments", [{"num_tubes": 0}, {"num_tubes": 1}, {"num_frames": 1}, {"num_videos": 1}], ids=str
)
def test_none_or_one_of_anything(device, arguments):
    features, tubes, video_index = (x.to(device) for x in random_case(**arguments))
    features.requires_grad_()
    pooled = pool(features, tubes, video_index)
    weights = tubes.new_ones(tubes.shape[:2])
    expected = actor_roi_pool3d_reference(features, tubes, video_index, (3, 2), 1 / STRIDE, weights)
    torch.testing.assert_close(pooled, expected)
    (grad,) = torch.autograd.grad(pooled.sum(), features)
    torch.testing.assert_close(grad, torch.autograd.grad(expected.sum(), features)[0])


def test_a_cell_that_no_sample_reads_may_hold_anything(device):
    features, _, video_index = random_case()
    features[..., 0, :], features[..., -1] = torch.nan, torch.inf
    inside = torch.tensor([24.0, 24, 56, 56], dtype=torch.float64).expand(5, 3, 4)
    assert pool(features.to(device), inside.to(device), video_index.to(device)).isfinite().all()


def test_boxes_of_enormous_coordinates_lie_outside(device):
    features, _, video_index = random_case(dtype=torch.float32)
    boxes = torch.tensor(
        [[-3e38, -3e38, 3e38, 3e38], [1e30, 0, 1e30, 64], [0, -1e300, 96, -1e299]], dtype=torch.float64
    )
    tubes = boxes[[0, 1, 2, 0, 1], None].expand(5, 3, 4)
    assert not pool(features.to(device), tubes.to(device), video_index.to(device), (2, 2)).any()


def test_same_bits_in_every_run_and_for_every_number_of_threads(device, restored_threads):
    features, tubes, video_index = (x.to(device) for x in random_case(num_tubes=400, channels=70, dtype=torch.float32))
    results = []
    for number in (1, 2, 3, 16):
        torch.set_num_threads(number)
        leaf = features.clone().requires_grad_()
        pooled = pool(leaf, tubes, video_index)
        pooled.square().sum().backward()
        results.append((pooled.detach(), leaf.grad))
    for pooled, grad in results[1:]:
        assert torch.equal(pooled, results[0][0])
        assert torch.equal(grad, results[0][1])


def test_takes_as_many_threads_as_torch_has():
    code = """
import os, torch
from tests.ops.cases import pool, random_case
for num_threads in (1, 5):
    torch.set_num_threads(num_threads)
    before = len(os.listdir("/proc/self/task"))
    pool(*random_case(channels=320, num_tubes=500))
    print(len(os.listdir("/proc/self/task")) - before)
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.split() == ["0", "4"]


def test_deterministic_mode_accepts_it(device):
    features, tubes, video_index = (x.to(device) for x in random_case())
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        pool(features.requires_grad_(), tubes, video_index).sum().backward()
    finally:
        torch.use_deterministic_algorithms(before)
    assert features.grad.any()


@pytest.mark.parametrize("layout", ["contiguous", "channels last"])
def test_passes_the_checks_of_torch(device, layout):
    features, tubes, video_index = (x.to(device) for x in random_case(dtype=torch.float32))
    weights = torch.ones(5, 3, device=device)
    leaf = LAYOUTS[layout](features).requires_grad_()
    boxes = (tubes, video_index, weights)
    forward = torch.ops.actorsup.actor_roi_pool3d.default
    torch.library.opcheck(forward, (leaf, *boxes, [3, 2], 1 / STRIDE))
    backward = torch.ops.actorsup.actor_roi_pool3d_backward.default
    grad = torch.randn(5, 3, 3, 2, device=device, requires_grad=True)
    torch.library.opcheck(backward, (grad, *boxes, list(features.shape), layout == "channels last", 1 / STRIDE))


@pytest.mark.parametrize("layout", ["contiguous", "channels last"])
def test_compiles_without_a_graph_break(device, layout):
    features, tubes, video_index = (x.to(device) for x in random_case(dtype=torch.float32, num_tubes=7))
    compiled = torch.compile(pool, fullgraph=True, dynamic=True, backend="aot_eager")
    for num_tubes in (7, 4):
        leaf, other = (LAYOUTS[layout](features).clone().requires_grad_() for _ in range(2))
        arguments = tubes[:num_tubes], video_index[:num_tubes]
        pooled, expected = compiled(leaf, *arguments), pool(other, *arguments)
        torch.testing.assert_close(pooled, expected, rtol=0, atol=0)
        pooled.sum().backward()
        expected.sum().backward()
        torch.testing.assert_close(leaf.grad, other.grad, rtol=0, atol=0)
    with pytest.raises(ValueError, match=r"tubes\[0, 0\] = .*nan"):
        compiled(features, tubes * torch.nan, video_index)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_autocast_leaves_features_and_boxes_as_they_are(device, dtype):
    features, tubes, video_index = (x.to(device) for x in random_case(dtype=dtype))
    expected = pool(features, tubes, video_index)
    with torch.autocast(device, dtype=torch.bfloat16):
        pooled = pool(features, tubes, video_index)
    assert pooled.dtype == dtype
    assert torch.equal(pooled, expected)


@pytest.mark.parametrize("last", [False, True], ids=["contiguous", "channels last"])
def test_features_of_more_than_two_to_the_31_elements(last):
    size = num_frames, channels, height, width = 520, 1024, 64, 64
    assert num_frames * channels * height * width > 2**31
    try:  # The memory is only reserved: frames of weight 0 are never touched.
        memory = torch.empty(num_frames * channels * height * width, dtype=torch.bfloat16)
    except RuntimeError as error:
        pytest.skip(f"4.4 GB cannot be reserved here: {error}")
    shape = (num_frames, height, width, channels)
    features = memory.view(shape).permute(0, 3, 1, 2) if last else memory.view(size)
    tubes = torch.tensor([128.0, 256, 640, 768]).expand(1, num_frames, 4)
    weights = torch.zeros(1, num_frames)
    weights[0, -1] = 1
    features[-1] = torch.randn((channels, height, width), generator=torch.Generator().manual_seed(0))
    zero = torch.tensor([0])
    pooled = pool(features[None], tubes, zero, weights=weights)
    assert torch.equal(pooled, pool(features[None, -1:].clone(), tubes[:, -1:], zero))


@pytest.mark.skipif(not library.is_compiled_for("cuda") or not torch.cuda.is_available(), reason="no CUDA device")
def test_more_channels_than_a_gpu_counts_are_refused():
    features = torch.zeros((1, 1, 1, 1, 1), device="cuda").expand(1, 1, 2**31, 1, 1)
    tubes, video_index = torch.zeros((1, 1, 4), device="cuda"), torch.zeros(1, dtype=torch.int64, device="cuda")
    with pytest.raises(ValueError, match=r"too large for one call on a GPU: .* 2147483648 channels"):
        pool(features, tubes, video_index)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a | {"features": a["features"][0]}, "features must have 5 axes, got 4"),
        (
            lambda a: a | {"tubes": a["tubes"][:, :2]},
            r"tubes must be floating point of shape \[5, 3, 4\], got \[5, 2, 4\]",
        ),
        (lambda a: a | {"weights": a["weights"][:2]}, r"weights must have the shape \[5, 3\], got \[2, 3\]"),
        (lambda a: a | {"video_index": a["video_index"].int()}, "video_index must be int64"),
        (lambda a: a | {"output_size": [0, 2]}, "output_size must be"),
        (lambda a: a | {"spatial_scale": -1.0}, "spatial_scale must be positive"),
    ],
)
def test_the_operator_itself_refuses_what_does_not_fit(change, message):
    features, tubes, video_index = random_case()
    arguments = {"features": features, "tubes": tubes, "video_index": video_index, "weights": torch.ones(5, 3)}
    with pytest.raises(ValueError, match=message):
        torch.ops.actorsup.actor_roi_pool3d(**change(arguments | {"output_size": [3, 2], "spatial_scale": 1 / STRIDE}))


@pytest.mark.parametrize(
    ("shape", "message"),
    [((5, 3, 3), "must have 4 axes, got 3"), ((5, 2, 3, 2), r"5 tubes and 3 channels, got \[5, 2")],
)
def test_the_backward_itself_refuses_what_does_not_fit(shape, message):
    features, tubes, video_index = random_case()
    with pytest.raises(ValueError, match=message):
        torch.ops.actorsup.actor_roi_pool3d_backward(
            torch.ones(shape), tubes, video_index, torch.ones(5, 3), list(features.shape), False, 1 / STRIDE
        )


@pytest.fixture
def not_built(monkeypatch):
    monkeypatch.setattr(library, "UNUSABLE", "the operator was not built")
    library.warn_of_fallback.cache_clear()
    yield
    library.warn_of_fallback.cache_clear()


def test_without_the_operator_the_reference_computes_after_one_warning(not_built):
    features, tubes, video_index = random_case()
    with pytest.warns(RuntimeWarning, match="not built.*ACTORSUP_REQUIRE_OPS=1 .*pip install"):
        pooled = pool(features, tubes, video_index)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pool(features, tubes, video_index)
    weights = torch.ones(5, 3)
    expected = actor_roi_pool3d_reference(features, tubes, video_index, (3, 2), 1 / STRIDE, weights)
    assert torch.equal(pooled, expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, v, w: t[4, 1].fill_(torch.nan), r"tubes\[4, 1\] = .*nan"),
        (lambda t, v, w: v[3:].fill_(2), r"video_index\[3\] = 2: expected 0 to 1"),
        (lambda t, v, w: w[2].fill_(-1), r"weights\[2, 0\] = -1"),
    ],
)
def test_without_the_operator_values_are_checked_too(not_built, change, message):
    features, tubes, video_index = random_case()
    weights = torch.ones(5, 3)
    change(tubes, video_index, weights)
    with pytest.warns(RuntimeWarning), pytest.raises(ValueError, match=message):
        pool(features, tubes, video_index, weights=weights)


def test_a_device_that_it_was_not_built_for_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr(library, "build_info", lambda: "CPU")
    library.warn_of_fallback.cache_clear()
    assert not library.is_compiled_for("cuda")
    with pytest.warns(RuntimeWarning, match="built for CPU and not for 'cuda'.*FORCE_CUDA=1"):
        library.warn_of_fallback("cuda")
    library.warn_of_fallback.cache_clear()


def test_a_library_of_another_torch_is_not_used_and_says_so(monkeypatch, tmp_path):
    broken = tmp_path / "libactorsup.so"
    broken.write_bytes(b"no library")
    monkeypatch.setattr(library, "LIBRARY", broken)
    assert "built for another torch" in library._load()
    monkeypatch.setattr(library, "LIBRARY", tmp_path / "absent.so")
    assert "not built" in library._load()

"""The CUDA code where there is no device: it is compiled by nvcc, and its kernels are run thread by thread."""

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from torch.utils.cpp_extension import include_paths

import actorsup.ops
from actorsup.ops.reference import actor_roi_pool3d_reference

from .cases import HEIGHT, STRIDE, WIDTH, channels_last, random_case

SOURCES = Path(actorsup.ops.__file__).parent / "csrc"


@pytest.mark.slow
def test_compiles_for_sm_80_and_sm_90(tmp_path):
    nvcc = shutil.which("nvcc")
    if not nvcc or torch.version.cuda is None:
        pytest.skip("no nvcc on the PATH, or torch without CUDA")
    version = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True).stdout
    if (release := re.search(r"release (\d+)", version)[1]) != torch.version.cuda.split(".")[0]:
        pytest.skip(f"nvcc {release} does not go with torch's CUDA {torch.version.cuda}")
    command = [nvcc, "-c", "-std=c++17", "--expt-relaxed-constexpr", "-Xcompiler", "-fPIC", "--threads", "2"]
    command += [f"-gencode=arch=compute_{number},code=sm_{number}" for number in (80, 90)]
    command += [option for path in include_paths() for option in ("-isystem", path)]
    command += [str(SOURCES / "actor_roi_pool3d_cuda.cu"), "-o", str(tmp_path / "pool.o")]
    compilation = subprocess.run(command, capture_output=True, text=True, check=False)
    assert compilation.returncode == 0, compilation.stderr
    assert (tmp_path / "pool.o").stat().st_size > 0


@pytest.fixture(scope="module")
def emulated(tmp_path_factory):
    """The kernels as functions of the CPU."""
    compiler = shutil.which("g++")
    if not compiler:
        pytest.skip("no g++ on the PATH")
    library = tmp_path_factory.mktemp("emulated") / "emulated_cuda.so"
    command = [compiler, "-std=c++17", "-O1", "-shared", "-fPIC", "-Wno-unknown-pragmas", f"-I{SOURCES}"]
    source = Path(__file__).with_name("emulated_cuda.cpp")
    compilation = subprocess.run([*command, source, "-o", library], capture_output=True, text=True, check=False)
    assert compilation.returncode == 0, compilation.stderr
    return ctypes.CDLL(str(library))


class Layout(ctypes.Structure):
    _fields_ = (
        ("channels_last", ctypes.c_bool),
        *((name, ctypes.c_int64) for name in ("video", "frame", "channel", "cell")),
    )

    @classmethod
    def of(cls, features):
        video, frame, channel, _, cell = features.stride()
        return cls(channel == 1, video, frame, channel, cell)


def pointer(tensor):
    return ctypes.c_void_p(tensor.data_ptr())


def sizes_of(features, num_tubes, grid):
    return (ctypes.c_int64 * 8)(*features.shape, num_tubes, *grid)


def compute_taps(emulated, tubes, weights, video_index, sizes):
    """The taps of all boxes, and whether any value cannot be used."""
    _, num_frames, _, _, _, num_tubes, num_rows, num_columns = sizes
    taps = torch.empty(num_tubes * num_frames * (num_rows + num_columns) * 32 + 16, dtype=torch.uint8)
    taps = taps[-taps.data_ptr() % 16 :]
    bad = torch.zeros(1, dtype=torch.int32)
    arguments = map(pointer, (taps, bad, tubes, weights, video_index))
    emulated.taps(*arguments, ctypes.byref(sizes), ctypes.c_double(1 / STRIDE))
    return taps, bool(bad)


def compute_gradient(emulated, grad, like, taps, video_index, sizes, size):
    """The gradient of features, in their layout, from that of the pooled ones."""
    result = torch.full_like(like, torch.nan)
    grad = grad.permute(0, 2, 3, 1).contiguous()
    layout = ctypes.byref(Layout.of(like))
    emulated.backward(
        pointer(result), pointer(grad), layout, ctypes.byref(sizes), pointer(taps), pointer(video_index), size
    )
    return result


@pytest.mark.parametrize("lay_out", [torch.Tensor.contiguous, channels_last], ids=["contiguous", "channels last"])
@pytest.mark.parametrize("grid", [(3, 2), (2, 7)], ids=str)  # one group of columns, and two
@pytest.mark.parametrize(("channels", "size", "staged"), [(1, 1, True), (37, 1, False), (70, 2, True)])
def test_kernels_equal_the_reference_when_run_thread_by_thread(emulated, lay_out, grid, channels, size, staged):
    features, tubes, video_index = random_case(num_tubes=3, num_frames=2, channels=channels, margin=-40)
    weights = torch.rand(3, 2, generator=torch.Generator().manual_seed(0)).double()
    weights[1], weights[2, 1] = 0, 0
    features = lay_out(features)
    leaf = features.clone().requires_grad_()
    expected = actor_roi_pool3d_reference(leaf, tubes, video_index, grid, 1 / STRIDE, weights)
    grad = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected.backward(grad)

    sizes = sizes_of(features, 3, grid)
    taps, bad = compute_taps(emulated, tubes, weights, video_index, sizes)
    assert not bad
    maps = channels_last(torch.full_like(features, torch.nan))
    if lay_out is channels_last:
        maps = features
    else:
        layout = ctypes.byref(Layout.of(features))
        emulated.to_channels_last(pointer(maps), pointer(features), layout, ctypes.byref(sizes))
    assert torch.equal(maps, features)
    pooled = torch.full_like(expected, torch.nan)
    strides = map(ctypes.c_int64, maps.stride()[:2])
    arguments = (ctypes.byref(sizes), pointer(taps), pointer(video_index), staged, size)
    emulated.forward(pointer(pooled), pointer(maps), *strides, *arguments)
    torch.testing.assert_close(pooled, expected.detach())
    torch.testing.assert_close(compute_gradient(emulated, grad, features, taps, video_index, sizes, size), leaf.grad)


def test_transposes_tiles_that_the_map_does_not_fill(emulated):
    features = torch.randn((1, 2, 35, 5, 8), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    maps, sizes = channels_last(torch.full_like(features, torch.nan)), sizes_of(features, 1, (1, 1))
    emulated.to_channels_last(pointer(maps), pointer(features), ctypes.byref(Layout.of(features)), ctypes.byref(sizes))
    assert torch.equal(maps, features)


def test_more_rows_of_samples_than_a_block_has_threads(emulated):
    features, tubes, video_index = random_case(num_videos=1, num_frames=1, num_tubes=70, channels=1, margin=-40)
    leaf = features.clone().requires_grad_()
    weights = torch.ones(70, 1, dtype=torch.float64)
    actor_roi_pool3d_reference(leaf, tubes, video_index, (4, 1), 1 / STRIDE, weights).sum().backward()
    sizes = sizes_of(features, 70, (4, 1))
    taps, _ = compute_taps(emulated, tubes, weights, video_index, sizes)
    grad = torch.ones(70, 1, 4, 1, dtype=torch.float64)
    torch.testing.assert_close(compute_gradient(emulated, grad, features, taps, video_index, sizes, 1), leaf.grad)


@pytest.mark.parametrize(
    "change",
    [
        lambda tubes, weights, video_index: tubes[4, 1].fill_(torch.nan),
        lambda tubes, weights, video_index: tubes[0, 0, 2].fill_(torch.inf),
        lambda tubes, weights, video_index: weights[2, 2].fill_(-1),
        lambda tubes, weights, video_index: weights[4, 0].fill_(torch.nan),
        lambda tubes, weights, video_index: video_index[3].fill_(2),
        lambda tubes, weights, video_index: video_index[1].fill_(-1),
    ],
    ids=["box nan", "box infinite", "weight negative", "weight nan", "video too high", "video negative"],
)
def test_kernels_see_values_that_cannot_be_used(emulated, change):
    _, tubes, video_index = random_case()
    weights = torch.ones(5, 3, dtype=torch.float64)
    change(tubes, weights, video_index)
    assert compute_taps(emulated, tubes, weights, video_index, (ctypes.c_int64 * 8)(2, 3, 1, HEIGHT, WIDTH, 5, 3, 2))[1]

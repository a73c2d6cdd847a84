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

from .cases import HEIGHT, STRIDE, WIDTH, random_case

SOURCES = Path(actorsup.ops.__file__).parent / "csrc"


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
    command = [compiler, "-std=c++20", "-O1", "-shared", "-fPIC", "-pthread", "-Wno-unknown-pragmas", f"-I{SOURCES}"]
    source = Path(__file__).with_name("emulated_cuda.cpp")
    compilation = subprocess.run([*command, source, "-o", library], capture_output=True, text=True, check=False)
    assert compilation.returncode == 0, compilation.stderr
    return ctypes.CDLL(str(library))


def pointer(tensor):
    return ctypes.c_void_p(tensor.data_ptr())


def compute_taps(emulated, tubes, weights, video_index, sizes):
    """The taps of all boxes, and whether any value cannot be used."""
    _, num_frames, _, _, _, num_tubes, num_rows, num_columns = sizes
    taps = torch.empty(num_tubes * num_frames * (num_rows + num_columns) * 32 + 16, dtype=torch.uint8)
    taps = taps[-taps.data_ptr() % 16 :]
    bad = torch.zeros(1, dtype=torch.int32)
    emulated.taps(
        *map(pointer, (taps, bad, tubes, weights, video_index)),
        ctypes.byref((ctypes.c_int64 * 8)(*sizes)),
        ctypes.c_double(1 / STRIDE),
    )
    return taps, bool(bad)


@pytest.mark.parametrize("grid", [(3, 2), (2, 7)], ids=str)  # one group of columns, and two
@pytest.mark.parametrize(
    ("channels", "size", "staged"), [(1, 1, True), (37, 1, False), (70, 2, True)], ids=["one", "part", "vectors"]
)
def test_kernels_equal_the_reference_when_run_thread_by_thread(emulated, grid, channels, size, staged):
    features, tubes, video_index = random_case(channels=channels, margin=-40)
    weights = torch.rand(5, 3, generator=torch.Generator().manual_seed(0)).double()
    weights[2], weights[3, 1] = 0, 0
    leaf = features.clone().requires_grad_()
    expected = actor_roi_pool3d_reference(leaf, tubes, video_index, grid, 1 / STRIDE, weights)
    grad = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected.backward(grad)

    sizes = (2, 3, channels, HEIGHT, WIDTH, 5, *grid)
    taps, bad = compute_taps(emulated, tubes, weights, video_index, sizes)
    assert not bad
    maps = features.permute(0, 1, 3, 4, 2).contiguous()
    pooled, grad_maps = torch.full_like(expected, torch.nan), torch.full_like(maps, torch.nan)
    sizes = ctypes.byref((ctypes.c_int64 * 8)(*sizes))
    strides = map(ctypes.c_int64, maps.stride()[:2])
    emulated.forward(pointer(pooled), pointer(maps), *strides, sizes, pointer(taps), pointer(video_index), staged, size)
    grad = grad.permute(0, 2, 3, 1).contiguous()
    emulated.backward(pointer(grad_maps), pointer(grad), sizes, pointer(taps), pointer(video_index), size)
    torch.testing.assert_close(pooled, expected.detach())
    torch.testing.assert_close(grad_maps.permute(0, 1, 4, 2, 3), leaf.grad)


def test_more_rows_of_samples_than_a_block_has_threads(emulated):
    features, tubes, video_index = random_case(num_videos=1, num_frames=1, num_tubes=150, channels=1, margin=-40)
    weights = torch.ones(150, 1, dtype=torch.float64)
    leaf = features.clone().requires_grad_()
    actor_roi_pool3d_reference(leaf, tubes, video_index, (4, 1), 1 / STRIDE, weights).sum().backward()
    sizes = (1, 1, 1, HEIGHT, WIDTH, 150, 4, 1)
    taps, _ = compute_taps(emulated, tubes, weights, video_index, sizes)
    grad, grad_maps = torch.ones(150, 4, 1, 1, dtype=torch.float64), torch.full_like(features, torch.nan)
    sizes = ctypes.byref((ctypes.c_int64 * 8)(*sizes))
    emulated.backward(pointer(grad_maps), pointer(grad), sizes, pointer(taps), pointer(video_index), 1)
    torch.testing.assert_close(grad_maps, leaf.grad)


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
    assert compute_taps(emulated, tubes, weights, video_index, (2, 3, 1, HEIGHT, WIDTH, 5, 3, 2))[1]

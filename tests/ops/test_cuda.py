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
from actorsup.ops.reference import actor_roi_pool3d_reference, mean_weights

from .cases import HEIGHT, STRIDE, WIDTH, channels_last, random_case

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


def pointer(tensor):
    return ctypes.c_void_p(tensor.data_ptr())


@pytest.mark.parametrize("lay_out", [torch.Tensor.contiguous, channels_last], ids=["contiguous", "channels last"])
@pytest.mark.parametrize("channels", [1, 4, 11])
def test_kernels_equal_the_reference_when_run_thread_by_thread(emulated, lay_out, channels):
    features, tubes, video_index = random_case(channels=channels, margin=-40)
    weights = torch.rand(5, 3, generator=torch.Generator().manual_seed(0)).double()
    weights[2], weights[3, 1] = 0, 0
    features = lay_out(features)
    leaf = features.clone().requires_grad_()
    expected = actor_roi_pool3d_reference(leaf, tubes, video_index, (3, 2), 1 / STRIDE, weights)
    grad = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected.backward(grad)

    is_last = lay_out is channels_last
    strides = features.stride()
    layout = ctypes.byref(Layout(is_last, strides[0], strides[1], strides[2], strides[4]))
    sizes = (ctypes.c_int64 * 8)(2, 3, channels, HEIGHT, WIDTH, 5, 3, 2)
    taps = torch.empty(5 * 3 * (3 + 2) * 32 + 16, dtype=torch.uint8)
    taps = taps[-taps.data_ptr() % 16 :]
    pooled, grad_features = torch.full_like(expected, torch.nan), torch.full_like(features, torch.nan)
    grad = grad.contiguous(memory_format=torch.channels_last if is_last else torch.contiguous_format)
    shares = mean_weights(weights)

    emulated.taps(pointer(taps), pointer(tubes), pointer(shares), sizes, ctypes.c_double(1 / STRIDE))
    emulated.forward(pointer(pooled), pointer(features), layout, sizes, pointer(taps), pointer(video_index))
    emulated.backward(pointer(grad_features), pointer(grad), layout, sizes, pointer(taps), pointer(video_index))
    torch.testing.assert_close(pooled, expected.detach())
    torch.testing.assert_close(grad_features, leaf.grad)

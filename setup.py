"""Installs actorsup and builds its operator. Its requirements are installed by `make setup`, in the right order.

The operator is built for the CPU, and for CUDA too where torch finds a GPU or with FORCE_CUDA=1 (then for sm_80 and
sm_90, or for what TORCH_CUDA_ARCH_LIST names). torch must be installed: use `pip install --no-build-isolation`.
"""

import os
import re
from pathlib import Path

from setuptools import find_packages, setup

try:
    import torch
    from torch.utils.cpp_extension import BuildExtension, CppExtension, CUDAExtension
except ImportError as error:
    raise SystemExit(
        "actorsup's operator is compiled against torch, which cannot be imported here. Run `make setup`, or install "
        f"torch first and then actorsup with `pip install --no-build-isolation` ({error})."
    ) from error

ROOT = Path(__file__).parent
SOURCES = Path("actorsup/ops/csrc")


def operator() -> CppExtension:
    """The shared library of the operator: no Python symbol is in it, so one build serves every version of Python."""
    with_cuda = os.environ.get("FORCE_CUDA", "0") not in ("", "0") or torch.cuda.is_available()
    macros, architectures = [], ""
    if with_cuda:
        if not torch.cuda.is_available():
            os.environ.setdefault("TORCH_CUDA_ARCH_LIST", "8.0;9.0+PTX")
        architectures = os.environ.get("TORCH_CUDA_ARCH_LIST") or "of the GPUs here"
        macros = [("ACTORSUP_CUDA_ARCHITECTURES", f'"{architectures}"')]
    print(f"actorsup: building the operator for CPU{f' and CUDA ({architectures})' if with_cuda else ''}", flush=True)
    patterns = ["*.cpp", "*.cu"] if with_cuda else ["*.cpp"]
    return (CUDAExtension if with_cuda else CppExtension)(
        name="actorsup.ops.libactorsup",
        sources=sorted(str(path) for pattern in patterns for path in SOURCES.glob(pattern)),
        depends=sorted(str(path) for path in SOURCES.glob("*.*h")),
        define_macros=macros,
        # OpenMP's runtime is torch's own: at link time it is left to libtorch.
        extra_compile_args={"cxx": ["-O3", "-fopenmp", "-Wall", "-fvisibility=hidden"], "nvcc": ["-O3"]},
        py_limited_api=True,
    )


setup(
    name="actorsup",
    version=re.search(r'__version__ = "(.+)"', (ROOT / "actorsup/__init__.py").read_text()).group(1),
    description="Weakly supervised spatiotemporal action localization by actor supervision",
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["actorsup", "actorsup.*"]),
    package_data={"actorsup.ops": ["csrc/*"]},
    ext_modules=[operator()],
    cmdclass={"build_ext": BuildExtension.with_options(no_python_abi_suffix=True)},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)

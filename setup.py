"""Installs actorsup and builds its operator. Its requirements are installed by `make setup`, in the right order.

The operator is built for the CPU, and for CUDA too where torch finds a GPU or with FORCE_CUDA=1 (then for sm_80 and
sm_90, or for what TORCH_CUDA_ARCH_LIST names) by the toolkit in CUDA_HOME. torch must be installed: use `pip install
--no-build-isolation`.
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


def cuda_architectures() -> str:
    """What to build CUDA kernels for; an empty string: none."""
    if torch.cuda.is_available():
        return os.environ.get("TORCH_CUDA_ARCH_LIST") or "the GPUs of the machine that built it"
    if os.environ.get("FORCE_CUDA", "0") in ("", "0"):
        return ""
    return os.environ.setdefault("TORCH_CUDA_ARCH_LIST", "8.0;9.0+PTX")


def operator(architectures: str) -> CppExtension:
    """The shared library of the operator: no Python symbol is in it, so one build serves every version of Python."""
    patterns = ["*.cpp", "*.cu"] if architectures else ["*.cpp"]
    return (CUDAExtension if architectures else CppExtension)(
        name="actorsup.ops.libactorsup",
        sources=sorted(str(path) for pattern in patterns for path in SOURCES.glob(pattern)),
        depends=sorted(str(path) for path in SOURCES.glob("*.*h")),
        define_macros=[("ACTORSUP_CUDA_ARCHITECTURES", f'"{architectures}"')] if architectures else [],
        # No -fopenmp: the threads are torch's, see parallel.h. GCC 11 and later and clang take the same flags.
        extra_compile_args={"cxx": ["-O3", "-g0", "-Wall", "-fvisibility=hidden"], "nvcc": ["-O3"]},
        py_limited_api=True,
    )


class BuildOperator(BuildExtension):
    """Builds with ninja where it is, and says what was built."""

    def run(self) -> None:
        """Build; a failure ends the installation."""
        super().run()
        print(f"actorsup: the operator is built for CPU{f' and CUDA ({ARCHITECTURES})' if ARCHITECTURES else ''}")


ARCHITECTURES = cuda_architectures()

setup(
    name="actorsup",
    version=re.search(r'__version__ = "(.+)"', (ROOT / "actorsup/__init__.py").read_text()).group(1),
    description="Weakly supervised spatiotemporal action localization by actor supervision",
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["actorsup", "actorsup.*"]),
    package_data={
        "actorsup.detectors": ["checkpoints/*"],
        "actorsup.ops": ["csrc/*"],
        "actorsup.trackers": ["checkpoints/*"],
        "actorsup.visualization.report": ["templates/*"],
    },
    ext_modules=[operator(ARCHITECTURES)],
    cmdclass={"build_ext": BuildOperator.with_options(no_python_abi_suffix=True)},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)

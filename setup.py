"""Builds actorsup: its operator, where there is a compiler, and a wheel that carries configs and tools.

The operator is compiled against the torch of the environment that actorsup is installed into or, while that is empty,
against the one that pip is about to put there. It is built for the CPU, and for CUDA too where torch finds a GPU and a
toolkit or with FORCE_CUDA=1 (then for sm_80 and sm_90, or for what TORCH_CUDA_ARCH_LIST names) by the toolkit in
CUDA_HOME. Where it cannot be built, actorsup is installed without it and computes the same in plain PyTorch, many times
slower; ACTORSUP_REQUIRE_OPS=1 makes that an error.
"""

import os
import re
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

# Build isolation hides the environment that pip installs into; the operator has to fit the torch that is there.
sys.path.append(sysconfig.get_path("platlib"))
try:
    import torch
    from torch.utils import cpp_extension
except (ImportError, OSError):
    torch = None

ROOT = Path(__file__).parent
SOURCES = Path("actorsup/ops/csrc")
COMPILER = shlex.split(os.environ.get("CXX") or "c++")[0]
NEEDS_OPERATOR = os.environ.get("ACTORSUP_REQUIRE_OPS", "0") not in ("", "0")


def requirements(name: str) -> list[str]:
    """What a file of ``requirements/`` lists, without the reasons beside it."""
    lines = (line.split("#")[0].strip() for line in (ROOT / f"requirements/{name}.txt").read_text().splitlines())
    return [line for line in lines if line]


def cuda_architectures() -> str:
    """What to build CUDA kernels for; an empty string: none."""
    if torch.cuda.is_available() and cpp_extension.CUDA_HOME:
        return os.environ.get("TORCH_CUDA_ARCH_LIST") or "the GPUs of the machine that built it"
    if os.environ.get("FORCE_CUDA", "0") in ("", "0"):
        return ""
    return os.environ.setdefault("TORCH_CUDA_ARCH_LIST", "8.0;9.0+PTX")


def operator(architectures: str):
    """The shared library of the operator: no Python symbol is in it, so one build serves every version of Python."""
    patterns = ["*.cpp", "*.cu"] if architectures else ["*.cpp"]
    return (cpp_extension.CUDAExtension if architectures else cpp_extension.CppExtension)(
        name="actorsup.ops.libactorsup",
        sources=sorted(str(path) for pattern in patterns for path in SOURCES.glob(pattern)),
        depends=sorted(str(path) for path in SOURCES.glob("*.*h")),
        define_macros=[("ACTORSUP_CUDA_ARCHITECTURES", f'"{architectures}"')] if architectures else [],
        # No -fopenmp: the threads are torch's, see parallel.h. GCC 11 and later and clang take the same flags.
        extra_compile_args={"cxx": ["-O3", "-g0", "-Wall", "-fvisibility=hidden"], "nvcc": ["-O3"]},
        py_limited_api=True,
    )


def go_without_operator(reason: str) -> None:
    """Say why it is not built; where it must be, stop."""
    if NEEDS_OPERATOR:
        raise SystemExit(f"actorsup: the operator cannot be built, and ACTORSUP_REQUIRE_OPS is set: {reason}")
    print(f"actorsup: installed without its operator, pooling will be many times slower: {reason}", flush=True)


class BuildOperator(cpp_extension.BuildExtension if torch else build_ext):
    """Builds with ninja where it is, and says what was built or why nothing was."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments, **({"no_python_abi_suffix": True} if torch else {}))

    def build_extensions(self) -> None:
        """Build anew: a library of an earlier build may be for another torch."""
        Path(self.get_ext_fullpath(self.extensions[0].name)).unlink(missing_ok=True)
        try:
            super().build_extensions()
        except Exception as error:  # torch and compilers raise what they like
            self.extensions = []
            go_without_operator(f"{type(error).__name__}: {error}")
        else:
            built_for = f"CPU{f' and CUDA ({ARCHITECTURES})' if ARCHITECTURES else ''}, torch {torch.__version__}"
            print(f"actorsup: the operator is built for {built_for}", flush=True)


class BuildPackage(build_py):
    """Puts configs and tools into the wheel; ``actorsup/installation.py`` finds them there."""

    def run(self) -> None:
        """Build; an editable installation has the clone's own."""
        super().run()
        if not BUILDABLE:
            go_without_operator("torch cannot be imported" if HAS_COMPILER else f"no compiler {COMPILER}")
        for name in () if self.editable_mode else ("configs", "tools"):
            target = Path(self.build_lib, "actorsup/.mim", name)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))


HAS_COMPILER = shutil.which(COMPILER) is not None
BUILDABLE = HAS_COMPILER and torch is not None
ARCHITECTURES = cuda_architectures() if BUILDABLE else ""
RUNTIME = requirements("runtime")
EXTRAS = ("docs", "onnx", "openclip", "report", "tables", "tests", "timm", "trackers", "transformers", "ultralytics")

setup(
    name="actorsup",
    version=re.search(r'__version__ = "(.+)"', (ROOT / "actorsup/__init__.py").read_text()).group(1),
    description="Weakly supervised spatiotemporal action localization by actor supervision",
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    install_requires=RUNTIME,
    extras_require={name: requirements(name) for name in EXTRAS},
    # In an empty environment, pip builds with the torch that it will then install; without a compiler, with none.
    setup_requires=[line for line in RUNTIME if line.startswith("torch") and torch is None and HAS_COMPILER],
    entry_points={"console_scripts": ["actorsup = actorsup.cli:main"]},
    packages=find_packages(include=["actorsup", "actorsup.*"]),
    package_data={
        "actorsup.detectors": ["checkpoints/*"],
        "actorsup.ops": ["csrc/*"],
        "actorsup.trackers": ["checkpoints/*"],
        "actorsup.visualization.report": ["templates/*"],
    },
    ext_modules=[operator(ARCHITECTURES)] if BUILDABLE else [],
    cmdclass={"build_ext": BuildOperator, "build_py": BuildPackage},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)

"""The operator builds with other compilers than the one that built it here."""

import shutil
import subprocess
from pathlib import Path

import pytest
from torch.utils.cpp_extension import include_paths

import actorsup.ops

FOLDER = Path(actorsup.ops.__file__).parent


@pytest.mark.slow
@pytest.mark.parametrize("name", ["g++-11", "clang++"])
def test_compiles_without_a_warning(name, tmp_path):
    compiler = shutil.which(name)
    if not compiler:
        pytest.skip(f"no {name} on the PATH")
    # Not -fsyntax-only: what a processor knows is checked when code is generated.
    command = [compiler, "-c", "-std=c++17", "-fPIC", "-Wall", "-Werror"]
    command += [option for path in include_paths() for option in ("-isystem", path)]
    command += [str(FOLDER / "csrc/actor_roi_pool3d_cpu.cpp"), "-o", str(tmp_path / "pool.o")]
    compilation = subprocess.run(command, capture_output=True, text=True, check=False)
    assert compilation.returncode == 0, compilation.stderr


def test_brings_no_threads_of_its_own():
    library = FOLDER / "libactorsup.so"
    if not library.exists():
        pytest.skip("the operator is not built")
    # Functions of the OpenMP runtimes of GCC and of clang.
    assert not any(prefix in library.read_bytes() for prefix in (b"GOMP_", b"__kmpc_", b"omp_get_"))

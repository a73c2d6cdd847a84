"""What setup.py does where the operator cannot be built."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.toy import REPOSITORY

pytestmark = pytest.mark.slow


def run_setup(tmp_path: Path, command: str, **environment) -> subprocess.CompletedProcess:
    folders = [
        "--build-lib",
        tmp_path / "lib",
        *(["--build-temp", tmp_path / "temp"] if command == "build_ext" else []),
    ]
    return subprocess.run(
        [sys.executable, "setup.py", "--quiet", command, *folders],
        cwd=REPOSITORY,
        env={**os.environ, "ACTORSUP_REQUIRE_OPS": "0", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_compiler_the_package_is_built_with_one_line(tmp_path):
    output = run_setup(tmp_path, "build_py", CXX="absent-compiler")
    assert output.returncode == 0, output.stderr
    assert output.stdout.count("installed without its operator") == 1
    assert "no compiler absent-compiler" in output.stdout
    package = tmp_path / "lib/actorsup"
    for shipped in (
        ".mim/configs/_base_/proposals/puppets.py",
        ".mim/tools/train.py",
        "detectors/checkpoints/ssd_shufflenet_puppets.pth",
        "trackers/checkpoints/siamese_small_generated.pth",
        "ops/csrc/operators.cpp",
    ):
        assert (package / shipped).is_file(), shipped


def test_a_compiler_that_fails_leaves_the_package_without_its_operator(tmp_path):
    output = run_setup(tmp_path, "build_ext", CXX="false")
    assert output.returncode == 0, output.stderr
    assert "installed without its operator" in output.stdout


@pytest.mark.parametrize(("command", "compiler"), [("build_py", "absent-compiler"), ("build_ext", "false")])
def test_it_is_an_error_where_the_operator_is_required(tmp_path, command, compiler):
    output = run_setup(tmp_path, command, CXX=compiler, ACTORSUP_REQUIRE_OPS="1")
    assert output.returncode == 1
    assert "the operator cannot be built, and ACTORSUP_REQUIRE_OPS is set" in output.stderr

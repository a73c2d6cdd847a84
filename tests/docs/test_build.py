"""The documentation builds."""

import subprocess
import sys

import pytest

from tests.toy import REPOSITORY


@pytest.mark.slow
def test_the_documentation_builds_without_a_warning(tmp_path):
    for needed in ("sphinx", "myst_nb", "furo"):
        pytest.importorskip(needed, reason=f"{needed} is missing: pip install 'actorsup[docs]'")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "docs", tmp_path]
    output = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert output.returncode == 0, output.stderr
    reference = (tmp_path / "api" / "structures.html").read_text()
    assert "One actor or action followed through" in reference

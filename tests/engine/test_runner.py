"""What a console shows of a run."""

import subprocess
import sys

from tests.toy import REPOSITORY


def test_torchs_advice_on_the_number_of_workers_is_not_repeated():
    code = "import actorsup.engine\nfrom torch.utils.data import DataLoader\nDataLoader([0], num_workers=4096)"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert "This DataLoader will create" not in done.stderr

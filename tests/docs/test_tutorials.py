"""The blocks of a tutorial run, one after the other."""

from importlib import import_module

import pytest

from tests.docs.pages import blocks, run_commands, write_files
from tests.running import as_a_process_of_its_own
from tests.toy import REPOSITORY

TUTORIALS = sorted((REPOSITORY / "docs" / "tutorials").glob("*.md"))


@pytest.mark.slow
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_every_block_of_a_tutorial_runs(page, tmp_path):
    write_files(page, tmp_path)
    cells = [block for block in blocks(page) if block.language == "python" and block.is_run and not block.file_name]
    assert cells or any(block.language == "bash" and block.is_run for block in blocks(page))
    (tmp_path / "cells.py").write_text("\n".join(block.text for block in cells))
    with as_a_process_of_its_own(tmp_path, ["cells.py"]):
        import_module("cells")
    for block in blocks(page):
        if block.language == "bash" and block.is_run:
            output = run_commands(block.text, tmp_path)
            assert output.returncode == 0, f"{block.text}\n{output.stderr[-3000:]}"

"""The notebook runs from top to bottom, as somebody runs it."""

import os

import pytest

from tests.toy import REPOSITORY

NOTEBOOK = REPOSITORY / "docs" / "tutorials" / "notebook.ipynb"


@pytest.mark.slow
def test_the_notebook_runs_from_top_to_bottom_and_shows_what_was_found(tmp_path, monkeypatch):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(REPOSITORY)]))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)  # nothing of the machine that wrote it
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    shown = [output.data for output in outputs if output.output_type == "execute_result"]
    assert sum("image/png" in data for data in shown) == 2
    assert any("'action'" in data["text/plain"] for data in shown)
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    assert "tubes; the best one is in frames" in printed
    assert "Hooks will be executed" not in printed

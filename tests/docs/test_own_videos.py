"""docs/own_videos.md, command by command, on the synthetic videos that it draws."""

import json

import pytest

from tests.docs.pages import blocks, run_commands, write_files
from tests.toy import REPOSITORY

pytestmark = pytest.mark.slow
PAGE = REPOSITORY / "docs" / "own_videos.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where all commands of the page were run: first those that draw, then the others in their order."""
    folder = tmp_path_factory.mktemp("own_videos")
    write_files(PAGE, folder)
    commands = [block.text for block in blocks(PAGE) if block.language == "bash" and block.is_run]
    for text in sorted(commands, key=lambda text: "make_puppets" not in text):
        output = run_commands(text, folder, CONFIG="my_puppets.py")
        assert output.returncode == 0, f"{text}\n{output.stdout[-2000:]}\n{output.stderr[-3000:]}"
    return folder


def test_the_five_commands_lead_from_a_folder_to_a_measured_model(folder):
    annotation = json.loads((folder / "data/mine/annotation.json").read_text())
    assert len(annotation["classes"]) == 3
    splits = [video["split"] for video in annotation["videos"]]
    assert (splits.count("train"), splits.count("test")) == (9, 3)
    assert not any("tubes" in video for video in annotation["videos"])
    metrics = json.loads((folder / "work_dirs/mine/test_metrics.json").read_text())["metrics"]
    assert 0 <= metrics["accuracy"] <= 1


def test_what_was_found_is_there_to_look_at(folder):
    found = sorted(path.name for path in (folder / "work_dirs/mine/found").iterdir())
    assert {name.rsplit(".", 1)[1] for name in found} == {"json", "mp4"}

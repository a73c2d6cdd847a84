import json
import os
import re

import pytest

from actorsup.errors import InputError
from actorsup.visualization.report import Run
from actorsup.visualization.report.changes import Change, Changes, Setting, read_settings
from actorsup.visualization.report.page import render_page

from .runs import HOSTILE, make_run


def rewrite(folder, name: str, **content) -> None:
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | content))


@pytest.fixture
def folders(tmp_path):
    """Of the second run video_1 is right, not wrong, and video_2 wrong, not right."""
    return make_run(tmp_path / "first", wrong=(1, 3)), make_run(tmp_path / "second", wrong=(2, 3))


def changes(folders) -> Changes:
    return Changes.between(*map(Run.read, folders))


def test_numbers_have_a_signed_difference_and_say_which_is_better(folders):
    rewrite(
        folders[0], "test_metrics.json", metrics={"mAP@0.5": 0.5, "accuracy": 0.75, "mabo": 0.5, "num_proposals": 4}
    )
    rewrite(
        folders[1], "test_metrics.json", metrics={"mAP@0.5": 0.75, "accuracy": 0.5, "mabo": 0.5, "num_proposals": 5}
    )
    found = changes(folders)
    assert [(each.name, each.difference, each.verdict) for each in found.main] == [
        ("mAP@0.5", 0.25, "better"),
        ("accuracy", -0.25, "worse"),
    ]
    assert [(each.name, each.difference, each.verdict) for each in found.others] == [("num_proposals", 1, "")]
    assert Change("accuracy", 0.5, 0.5).verdict == "equal"
    assert Change("accuracy", float("nan"), 0.5).verdict == ""


def test_classes_that_changed_the_most_come_first_and_those_that_did_not_are_left_out(folders):
    for folder, values in zip(folders, ((0.5, 0.5, 0.5), (0.5, 0.75, 0.0)), strict=True):
        rows = [{"class": name, "AP@0.2": 1.0, "AP@0.5": value} for name, value in zip("abc", values, strict=True)]
        rewrite(folder, "test_metrics.json", tables={"AP by class, act": rows})
    found = changes(folders)
    assert found.overlap == "AP@0.5"
    assert found.classes == [Change("c", 0.5, 0.0), Change("b", 0.5, 0.75)]


def test_videos_that_turned_right_or_wrong_are_named(folders):
    found = changes(folders)
    assert (found.fixed, found.broken) == (["video_1"], ["video_2"])


@pytest.mark.parametrize("content", [{"video_scores": None}, {"labels": None, "true_tubes": []}])
def test_videos_without_a_class_or_a_verdict_did_not_change(folders, content):
    entries = json.loads((folders[0] / "predictions.json").read_text())["videos"]
    rewrite(folders[0], "predictions.json", videos=[entries[0], entries[1] | content, *entries[2:]])
    found = changes(folders)
    assert (found.fixed, found.broken) == ([], ["video_2"])


def test_settings_that_differ_are_named_by_their_dotted_names(folders):
    texts = (
        "model = dict(head=dict(type='MeanHead', weights=(1, 2)))\nsteps = [dict(size=1), dict(size=2)]\nwork_dir = 1",
        "model = dict(head={'type': 'TopHead', 'weights': [1, 2], 'top': 2})\nsteps = [dict(size=1)]\nwork_dir = 2",
    )
    for folder, text in zip(folders, texts, strict=True):
        (folder / "config.py").write_text(text)
    assert changes(folders).settings == [
        ("model.head.type", "'MeanHead'", "'TopHead'"),
        ("steps.1.size", "2", "–"),
        ("model.head.top", "–", "2"),
    ]


def test_long_values_are_shortened_after_they_are_compared(folders):
    for folder, last in zip(folders, "ab", strict=True):
        (folder / "config.py").write_text(f"text = '{'x' * 200}{last}'")
    ((name, before, after),) = changes(folders).settings
    assert (name, len(before), before[-1]) == ("text", 80, "…")
    assert after == before


def test_settings_are_not_compared_where_a_config_is_missing(folders):
    (folders[0] / "config.py").write_text("seed = 1")
    assert changes(folders).settings is None


def test_a_dumped_config_is_read_as_mmengine_reads_it(tmp_path):
    from mmengine.config import Config

    config = Config({"a": {"b": [1, 2.5, None], "c": True}, "d": [{"e": "it's"}, {"f": -1}], "g": {"not a name": "x"}})
    config.dump(tmp_path / "config.py")
    assert read_settings(tmp_path / "config.py") == {
        "a.b": "[1, 2.5, None]",
        "a.c": "True",
        "d.0.e": '"it\'s"',
        "d.1.f": "-1",
        "g.not a name": "'x'",
    }


@pytest.mark.parametrize(
    "text",
    ["import os", "a = print(1)", "a = b", "a = dict(**b)", "a, b = 1, 2", "a = {[]: 1}", "a = (", "\0", "1" * 5000],
)
def test_a_file_that_is_no_dumped_config_is_refused_and_never_run(tmp_path, text):
    (tmp_path / "config.py").write_text(text)
    with pytest.raises(InputError, match=r"config\.py: is not a config as mmengine writes them"):
        read_settings(tmp_path / "config.py")


def test_a_program_beside_the_configs_is_none_of_them(folders):
    runs = [Run.read(folder) for folder in folders]
    for folder, value in zip(folders, (1, 2), strict=True):
        (folder / "config.py").write_text(f"a = {value}")
        os.utime(folder / "config.py", (1, 1))
        (folder / "program.py").write_text("import os")
    assert Changes.between(*runs).settings == [Setting("a", "1", "2")]
    (folders[1] / "config.py").unlink()
    assert Changes.between(*runs).settings is None


def test_changes_come_first_in_a_page_of_several_runs_and_only_there(folders, tmp_path):
    third = make_run(tmp_path / "third")
    page = render_page([Run.read(folder) for folder in (*folders, third)])
    assert re.findall(r"<h2>(.*?)</h2>", page)[:2] == ["What changed", "Numbers"]
    assert re.findall(r"<h3>(from .*?)</h3>", page) == ["from first to second", "from first to third"]
    assert "What changed" not in render_page([Run.read(third)])


def test_hostile_names_are_no_markup_in_the_changes(folders):
    for folder, value in zip(folders, (0.25, 0.5), strict=True):
        rows = [{"class": HOSTILE, "AP@0.5": value}]
        rewrite(folder, "test_metrics.json", metrics={f"mAP@{HOSTILE[1:2]}<b>": value}, tables={"AP by class": rows})
        (folder / "config.py").write_text(f"a = {{{HOSTILE!r}: {value}}}")
        entries = json.loads((folder / "predictions.json").read_text())["videos"]
        rewrite(folder, "predictions.json", videos=[entry | {"video": entry["video"] + HOSTILE} for entry in entries])
    page = render_page([Run.read(folder) for folder in folders])
    assert HOSTILE not in page
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;" in page

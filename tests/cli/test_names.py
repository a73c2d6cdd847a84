"""Folders of videos as people have them: odd names, frames, missing splits; by every command that reads them."""

import json
import os
import shutil

import cv2
import pytest

from tests.conftest import write_video
from tests.toy import REPOSITORY, frames_of, make_toy, run_tool

NAMES = ("a:b", "-a", " a ", "10.00\u202fAM", "[red]", "\u0441\u00e4")
CONFIG = """
_base_ = ["{toy}"]
data = dict(_delete_=True, type="AnnotatedVideos", data_root="{root}", ann_file="{root}/annotation.json")
train_dataloader = dict(dataset=dict(**data, split="train", pipeline=_base_.train_pipeline))
test_dataloader = dict(dataset=dict(**data, split="test", pipeline=_base_.test_pipeline))
test_evaluator = [dict(type="VideoAccuracy")]
work_dir = "{root}/work"
proposals = dict(root="{root}/proposals", linker="viterbi")
train_cfg = dict(max_epochs=1)
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A user's parts, and the config that uses them."""
    root = tmp_path_factory.mktemp("toy")
    return make_toy(root)


def write_frames(folder, frames):
    folder.mkdir(parents=True)
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{index:03}.png"), frame[..., ::-1])


def make_folders(toy, root, names) -> None:
    """Two classes of videos of these names, each with a folder of frames ``run.mov``, and a config."""
    for folder, action in (("[run] red", "Basketball"), ("-blue", "Biking")):
        video = write_video(root / "video.avi", frames_of(action))
        (root / "videos" / folder).mkdir(parents=True)
        for name in names:
            shutil.copy(video, root / "videos" / folder / f"{name}.avi")
        write_frames(root / "videos" / folder / "run.mov", frames_of(action))
    (root / "config.py").write_text(CONFIG.format(toy=toy, root=root))
    shutil.copy(toy.parent / "toy_parts.py", root)


def run(name: str, *arguments, root, code: int = 0):
    output = run_tool(name, *arguments, root=root)
    assert output.returncode == code, f"{name}: {output.stdout[-3000:]} {output.stderr[-3000:]}"
    return output


def convert(root, test_share: float) -> str:
    share = ("--test-share", test_share)
    return run("convert_dataset", "folder", "videos", *share, "--out", "annotation.json", root=root).stdout


def test_odd_names_and_folders_named_like_files_are_names_to_every_command(toy, tmp_path):
    make_folders(toy, tmp_path, NAMES)
    converted = run(
        "convert_dataset", "folder", "videos", "--test-share", "0.3", "--out", "annotation.json", root=tmp_path
    )
    assert "note:" not in converted.stdout
    expected = sorted(f"{folder}/{name}" for folder in ("[run] red", "-blue") for name in (*NAMES, "run.mov"))
    listed = json.loads((tmp_path / "annotation.json").read_text())["videos"]
    assert sorted(video["video"] for video in listed) == expected
    config = tmp_path / "config.py"
    # Two of them are of the same square twice.
    assert "0 errors, 3 warnings" in run("check_dataset", config, root=tmp_path).stdout
    assert f"{2 * len(NAMES) + 2} videos done now" in run("generate_proposals", config, root=tmp_path).stdout
    run("train", config, root=tmp_path)
    checkpoint = tmp_path / "work" / "epoch_1.pth"
    run("test", config, checkpoint, "--show-dir", "shown", root=tmp_path)
    assert len(list((tmp_path / "shown").glob("*/*.png"))) == 4
    # localize, whose names may even be no text
    no_text = os.fsdecode(b"no\xfftext")
    folder = tmp_path / no_text
    shutil.copytree(tmp_path / "videos" / "-blue", folder)
    shutil.copy(folder / "-a.avi", folder / f"{no_text}.avi")
    write_frames(tmp_path / "frames", frames_of("Biking"))
    (tmp_path / "frames").rename(folder / f"{no_text}.mov")
    names = [*NAMES, no_text, "run.mov", f"{no_text}.mov"]
    arguments = ("--config", config, "--checkpoint", checkpoint, "--out", folder / "out", "--")
    run("localize", *arguments, *sorted(folder.glob("*")), root=tmp_path)
    for suffix in (".json", ".mp4"):
        written = sorted(path.name for path in (folder / "out").glob(f"*{suffix}"))
        assert written == sorted(f"{name}{suffix}" for name in names)
    for name in names:
        assert json.loads((folder / "out" / f"{name}.json").read_text())["video"] == name
    stored = ("--proposals", tmp_path / "proposals" / "color" / "tubes_viterbi", *arguments)
    run("localize", *stored, tmp_path / "videos" / "-blue" / "run.mov", root=tmp_path)


def test_a_split_that_is_not_there_stops_neither_the_proposals_of_the_others_nor_the_check(toy, tmp_path):
    make_folders(toy, tmp_path, ())
    converted = convert(tmp_path, test_share=0.5)
    assert "note: 2 classes have one video, which is for training, and none for testing: -blue, [run] red" in converted
    assert "note: no video is of the split 'test'" in converted
    config = tmp_path / "config.py"
    made = run("generate_proposals", config, root=tmp_path).stdout
    assert "annotation.json: has no split 'test', only train; its videos are left out" in made
    assert "2 videos done now" in made
    assert "2 were done already" in run("generate_proposals", config, root=tmp_path).stdout
    checked = run("check_dataset", config, root=tmp_path, code=1).stdout
    assert "error: split that is not there: 1" in checked
    assert "1 errors" in checked
    run("train", config, root=tmp_path)
    assert run("eval_proposals", config, root=tmp_path, code=2).stderr.endswith("has no split 'test', only train\n")
    neither = ("--cfg-options", "train_dataloader.dataset.split=dev")
    assert "has no split 'dev', only train" in run("generate_proposals", config, *neither, root=tmp_path, code=2).stderr


def test_what_is_not_used_is_told_with_the_reason_by_convert_and_check(toy, tmp_path):
    make_folders(toy, tmp_path, ("one", "two"))
    blue = tmp_path / "videos" / "-blue"
    shutil.copy(blue / "one.avi", blue / "two.mp4")
    shutil.copy(blue / "one.avi", blue / "three.xyz")
    (blue / os.fsdecode(b"\xff.txt")).touch()
    (blue / "empty").mkdir()
    converted = convert(tmp_path, test_share=0.4)
    for note in (
        "folders without a frame: -blue/empty",
        "of the name of another file, which is used: -blue/two.mp4",
        r"-blue/three.xyz, -blue/\udcff.txt",
    ):
        assert note in converted
    shutil.copy(blue / "one.avi", blue / "four.avi")
    config = tmp_path / "config.py"
    checked = run("check_dataset", config, root=tmp_path).stdout
    for part in ("left out: 4", "1 files and folders, folders without a frame: empty", "which no split of the config"):
        assert part in checked
    findings = json.loads((tmp_path / "work" / "dataset_check.json").read_text())["findings"]
    details = " ".join(finding["detail"] for finding in findings)
    assert "which no split of the config lists: four.avi" in details
    assert "which is used: two.mp4" in details
    # The same where the folders themselves are the annotation.
    folders = ("ann_file=videos", "split=None", "format.type=VideoFolder")
    options = [f"{each}_dataloader.dataset.{option}" for each in ("train", "test") for option in folders]
    checked = run("check_dataset", config, "--cfg-options", *options, root=tmp_path).stdout
    assert "files and folders are left out, folders without a frame: -blue/empty" in checked
    made = run("generate_proposals", config, "--cfg-options", *options, root=tmp_path).stdout
    assert "files and folders are left out, folders without a frame: -blue/empty" in made
    # A listed video whose file cannot be used.
    (blue / "four.avi").rename(blue / "one.unknown")
    (blue / "one.avi").unlink()
    checked = run("check_dataset", config, root=tmp_path, code=1).stdout
    assert "there is one.unknown, without a suffix of a video" in checked
    assert "-blue/one (there is one.unknown, without" in run("generate_proposals", config, root=tmp_path, code=2).stderr


@pytest.mark.parametrize("tool", ["train", "test"])
def test_a_work_directory_that_is_no_text_is_refused_before_anything_is_written(toy, tmp_path, tool):
    folder = tmp_path / os.fsdecode(b"\xff")
    checkpoint = [REPOSITORY / "README.md"] if tool == "test" else []
    output = run(tool, toy, *checkpoint, "--work-dir", folder, root=toy.parent, code=2)
    assert "has bytes that are no UTF-8" in output.stderr
    assert not folder.exists()

import json

import cv2
import pytest
from mmengine.config import Config

from actorsup.engine import check_dataset, load_config
from actorsup.errors import InputError
from tests.conftest import moving_square, write_video
from tests.toy import make_toy, run_tool


def kinds(report) -> dict[str, int]:
    """Number of findings by kind."""
    found = [finding.kind for finding in report.findings]
    return {kind: found.count(kind) for kind in found}


@pytest.fixture
def toy(tmp_path) -> Config:
    path = make_toy(tmp_path)
    # Nothing of the model is built, so that the user's own parts need not be imported.
    path.write_text(path.read_text().replace('custom_imports = dict(imports=["toy_parts"])', ""))
    return load_config(path)


def test_a_good_dataset_gives_counts_and_a_sheet(toy, tmp_path):
    report = check_dataset(toy)
    # The toy's 96×64 was annotated at 320×240.
    # The videos of an action are copies of one.
    assert kinds(report) == {"another shape of frames than annotated": 2, "same file for training and testing": 2}
    assert report.errors == ()
    assert report.counts["train"][-1] == {"class": "all", "videos": 4, "found": 4, "annotated": 0, "tubes": 0}
    assert report.counts["test"][0] == {"class": "Basketball", "videos": 1, "found": 1, "annotated": 1, "tubes": 1}
    # Two videos of 96×64, scaled to 240 pixels.
    assert cv2.imread(str(report.sheet)).shape == (240, 2 * 360, 3)
    saved = json.loads((tmp_path / "work" / "dataset_check.json").read_text())
    assert saved["counts"] == report.counts
    assert [finding["is_error"] for finding in saved["findings"]] == [False] * 4


def test_what_would_go_wrong_later_is_found_now(toy, tmp_path):
    good, unreadable, short, absent = sorted((tmp_path / "videos").glob("*/*.avi"))[:4]
    assert good.stem == "v_Basketball_g01_c01"
    unreadable.write_bytes(b"")
    write_video(tmp_path / "videos" / "Biking" / "v_Biking_g01_c01.avi", moving_square(5))
    short.unlink()
    toy.model.head.num_classes = 24
    report = check_dataset(toy)
    assert absent.stem == "v_Biking_g01_c01"
    assert kinds(report) == {
        "another number of frames than annotated": 1,
        "another shape of frames than annotated": 2,
        "label without a video": 1,
        "model of another number of classes": 2,
        "same file under several names": 1,
        "tube after the end of the video": 1,
        "unreadable video": 1,
    }
    assert len(report.errors) == 6
    assert json.loads((tmp_path / "work" / "dataset_check.json").read_text())["findings"][0]["is_error"]
    assert "another number of frames than annotated" not in kinds(check_dataset(toy, decode=False))


def test_a_sheet_of_labels_alone_shows_the_videos(toy):
    toy.test_dataloader = None
    report = check_dataset(toy, num_pictures=3)
    assert cv2.imread(str(report.sheet)).shape == (240, 3 * 360, 3)


def test_a_sheet_names_all_labels_of_a_video_and_says_where_there_is_none(toy, tmp_path, monkeypatch):
    videos = [{"video": path.stem, "split": "train"} for path in sorted((tmp_path / "videos" / "Biking").glob("*.avi"))]
    for entry, labels in zip(videos, (["run", "walk"], [], ["walk"]), strict=True):
        entry["labels"] = labels
    content = {"format": "actorsup.videos", "version": 2, "name": "x", "classes": ["run", "walk"], "videos": videos}
    (tmp_path / "a.json").write_text(json.dumps(content))
    options = {"ann_file": "a.json", "split": "train", "video_prefix": "videos/Biking"}
    toy.train_dataloader.dataset = {"type": "AnnotatedVideos", "data_root": str(tmp_path), **options}
    toy.test_dataloader = None
    titles = []
    draw = check_dataset.__globals__["draw_tubes"]
    monkeypatch.setitem(
        check_dataset.__globals__, "draw_tubes", lambda *given: titles.append(given[-1].split(":")[0]) or draw(*given)
    )
    report = check_dataset(toy, num_pictures=3)
    assert sorted(titles) == ["no class", "run, walk", "walk"]
    assert report.counts["train"][-1] == {"class": "all", "videos": 3, "found": 3, "annotated": 0, "tubes": 0}
    assert [row["videos"] for row in report.counts["train"]] == [1, 2, 3]


def test_no_readable_video_gives_no_sheet(toy, tmp_path):
    for path in (tmp_path / "videos").glob("*/*.avi"):
        path.write_bytes(b"")
    report = check_dataset(toy)
    assert report.sheet is None
    assert kinds(report) == {"unreadable video": 6}


def test_a_config_without_datasets_of_videos_is_an_error(toy):
    toy.test_dataloader.dataset.type = "GeneratedPairs"
    with pytest.raises(InputError, match="GeneratedPairs of test_dataloader is no dataset of videos"):
        check_dataset(toy)
    toy.test_dataloader = None
    toy.train_dataloader = None
    with pytest.raises(InputError, match="has neither train_dataloader nor test_dataloader"):
        check_dataset(toy)


def test_errors_are_printed_and_end_with_1(tmp_path):
    config = make_toy(tmp_path)
    output = run_tool("check_dataset", config, "--quick", root=tmp_path)
    assert output.returncode == 0, output.stderr
    assert "warning: another shape of frames than annotated: 2" in output.stdout
    assert "0 errors, 4 warnings" in output.stdout
    (tmp_path / "videos" / "Biking" / "v_Biking_g01_c01.avi").write_bytes(b"")
    output = run_tool("check_dataset", config, root=tmp_path)
    assert output.returncode == 1
    assert "error: unreadable video: 1" in output.stdout
    assert "cannot be opened as a video (0 bytes;" in output.stdout
    assert "1 errors, 3 warnings" in output.stdout

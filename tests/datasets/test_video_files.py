import pytest

from actorsup.datasets.formats import VideoFolder
from actorsup.datasets.video_files import VIDEO_SUFFIXES, find_videos, only_video, why_missing
from actorsup.errors import InputError


@pytest.mark.parametrize("suffix", [*VIDEO_SUFFIXES, ".AVI", ""])
def test_videos_are_found_with_any_suffix_and_as_folders_of_frames(tmp_path, suffix):
    path = tmp_path / "Biking" / f"v_1{suffix}"
    if suffix:
        path.parent.mkdir()
        path.touch()
    else:
        path.mkdir(parents=True)
    assert find_videos(tmp_path, ["Biking/v_1", "Biking/v_2", "Diving/v_1"]) == {"Biking/v_1": path}


def test_files_that_are_no_videos_are_not_found(tmp_path):
    (tmp_path / "Biking").mkdir()
    for name in ("v_1.txt", "v_1", "v_1.avi.part", "v_10.avi"):
        (tmp_path / "Biking" / name).touch()
    (tmp_path / "Diving").touch()
    assert find_videos(tmp_path, ["Biking/v_1", "Diving/v_1"]) == {}


def test_of_several_copies_the_first_suffix_is_taken_and_a_folder_last(tmp_path):
    (tmp_path / "Biking" / "v_1").mkdir(parents=True)
    for suffix in reversed(VIDEO_SUFFIXES):
        expected = tmp_path / "Biking" / f"v_1{suffix}"
        expected.touch()
        assert find_videos(tmp_path, ["Biking/v_1"]) == {"Biking/v_1": expected}


def test_a_folder_of_frames_has_the_name_that_it_has_and_that_of_a_list_which_stripped_it(tmp_path):
    (tmp_path / "walk" / "run.mov").mkdir(parents=True)
    assert find_videos(tmp_path, ["walk/run.mov", "walk/run"]) == dict.fromkeys(
        ["walk/run.mov", "walk/run"], tmp_path / "walk" / "run.mov"
    )
    (tmp_path / "walk" / "run.avi").touch()
    assert find_videos(tmp_path, ["walk/run"]) == {"walk/run": tmp_path / "walk" / "run.avi"}


def test_a_file_that_is_listed_with_its_suffix_is_named(tmp_path):
    (tmp_path / "a.MP4").touch()
    with pytest.raises(InputError, match=r"a\.MP4: is listed with its suffix; list it as a$"):
        find_videos(tmp_path, ["a.MP4"])


def test_what_is_nearly_a_video_is_told(tmp_path):
    (tmp_path / "walk").mkdir()
    for name in ("a.txt", ".b.mp4", "C.mp4"):
        (tmp_path / "walk" / name).touch()
    reasons = why_missing(tmp_path, ["walk/a", "walk/.b", "walk/c", "walk/d", "run/e"])
    assert reasons["walk/a"].startswith("there is a.txt, without a suffix of a video (.avi, ")
    assert reasons["walk/.b"] == "there is .b.mp4, hidden"
    assert reasons["walk/c"] == "there is C.mp4"
    assert len(reasons) == 3


def test_hidden_files_and_folders_are_not_the_one_video(tmp_path):
    for name in ("a.mp4", "._a.mp4"):
        (tmp_path / name).touch()
    (tmp_path / "b.mp4").mkdir()
    assert only_video(tmp_path) == tmp_path / "a.mp4"


def test_links_in_a_circle_are_no_videos_and_no_error(tmp_path):
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / "1.mp4").touch()
    for name, target in {"a": "b", "b": "a", "c.mp4": "c.mp4"}.items():
        (tmp_path / "walk" / name).symlink_to(target)
    assert find_videos(tmp_path, ["walk/1", "walk/a"]) == {"walk/1": tmp_path / "walk/1.mp4"}
    collection = VideoFolder(tmp_path).read()
    assert [video.video for video in collection.videos] == ["walk/1"]
    assert any("walk/c.mp4" in note for note in collection.notes)

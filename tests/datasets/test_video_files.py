import pytest

from actorsup.datasets.formats import VideoFolder
from actorsup.datasets.video_files import VIDEO_SUFFIXES, find_videos


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


def test_links_in_a_circle_are_no_videos_and_no_error(tmp_path):
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / "1.mp4").touch()
    for name, target in {"a": "b", "b": "a", "c.mp4": "c.mp4"}.items():
        (tmp_path / "walk" / name).symlink_to(target)
    assert find_videos(tmp_path, ["walk/1", "walk/a"]) == {"walk/1": tmp_path / "walk/1.mp4"}
    collection = VideoFolder(tmp_path).read()
    assert [video.video for video in collection.videos] == ["walk/1"]
    assert "walk/c.mp4" in collection.notes[0]

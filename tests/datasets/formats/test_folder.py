import os
import re

import pytest

from actorsup.datasets.formats import VideoFolder
from actorsup.datasets.video_files import find_videos
from actorsup.errors import InputError


@pytest.fixture
def videos(tmp_path):
    """Two classes: ten videos of one, one video and one folder of frames of the other."""
    for number in range(10):
        place = tmp_path / "pets" / "walk" / f"{number:02d}.mp4"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    (tmp_path / "pets" / "jump" / "frames").mkdir(parents=True)
    (tmp_path / "pets" / "jump" / "frames" / "1.jpg").touch()
    (tmp_path / "pets" / "jump" / "one.AVI").touch()
    return tmp_path / "pets"


def test_labels_are_the_names_of_folders(videos):
    collection = VideoFolder(videos).read()
    assert (collection.name, collection.classes, collection.notes) == ("pets", ("jump", "walk"), ())
    assert [(video.video, video.labels, video.split) for video in collection.videos[:3]] == [
        ("jump/frames", (0,), "train"),
        ("jump/one", (0,), "train"),
        ("walk/00", (1,), "train"),
    ]
    assert (len(collection.videos), collection.splits) == (12, ("train",))
    assert {video.tubes for video in collection.videos} == {None}


@pytest.mark.parametrize("suffix", [".mpg", ".m4v", ".wmv", ".MTS", ".3gp", ".gif"])
def test_videos_may_have_any_suffix_that_ffmpeg_knows(videos, suffix):
    (videos / "walk" / f"more{suffix}").touch()
    (videos / "jump" / "frames" / "._1.jpg").touch()
    collection = VideoFolder(videos).read()
    assert "walk/more" in {video.video for video in collection.videos}
    assert collection.notes == ()


def test_a_folder_of_hidden_pictures_is_no_video(videos):
    (videos / "walk" / "mac").mkdir()
    (videos / "walk" / "mac" / "._1.jpg").touch()
    (note,) = VideoFolder(videos).read().notes
    assert note.endswith("walk/mac")


def test_what_is_no_video_is_named_and_hidden_files_are_not(videos):
    (videos / "readme.txt").touch()
    (videos / "empty").mkdir()
    (videos / "walk" / "notes.txt").touch()
    (videos / "walk" / "old").mkdir()
    (videos / "walk" / ".DS_Store").touch()
    (videos / ".cache").mkdir()
    (videos / "beside.mp4").touch()
    (videos / "walk" / "00.mov").touch()
    (videos / "walk" / "._00.mp4").touch()
    (videos / "walk" / "1.jpg").touch()
    (videos / "walk" / "broken.avi").symlink_to("nowhere")
    (videos / "walk" / "deep" / "deeper").mkdir(parents=True)
    notes = VideoFolder(videos).read().notes
    assert {re.sub(r" \(.*\)", "", note) for note in notes} == {
        f"{count} files and folders are left out, {why}"
        for count, why in (
            (1, "folders without a file: empty"),
            (2, "without a suffix of a video: readme.txt, walk/notes.txt"),
            (1, "folders without a frame: walk/old"),
            (1, "which lie in no folder of a class: beside.mp4"),
            (1, "of the name of another file, which is used: walk/00.mov"),
            (1, "hidden: walk/._00.mp4"),
            (1, "frames, which belong into a folder for each video: walk/1.jpg"),
            (1, "no files, perhaps broken links: walk/broken.avi"),
            (1, "folders with something deeper inside: walk/deep"),
        )
    }


def test_a_folder_of_which_no_video_is_used_says_why(tmp_path):
    (tmp_path / "one.mp4").touch()
    with pytest.raises(InputError, match=r"holds no class/video; 1 .*, which lie in no folder of a class: one\.mp4"):
        VideoFolder(tmp_path).read()


def test_a_folder_of_frames_has_no_suffix(videos, tmp_path):
    for name in ("run.mov", "00.mp4"):
        (videos / "jump" / name).mkdir()
        (videos / "jump" / name / "1.jpg").touch()
    (tmp_path / "test.txt").write_text("jump/run.mov\njump/one.AVI\n")
    collection = VideoFolder(videos, test_list=tmp_path / "test.txt").read()
    assert [video.video for video in collection.videos if video.split == "test"] == ["jump/one", "jump/run.mov"]
    assert "jump/00.mp4" in {video.video for video in collection.videos}
    paths = find_videos(videos, [video.video for video in collection.videos])
    assert paths["jump/run.mov"] == videos / "jump" / "run.mov"
    assert len(paths) == len(collection.videos)


def test_a_share_of_a_class_of_one_video_is_noted(videos):
    (videos / "jump" / "one.AVI").unlink()
    (note,) = VideoFolder(videos, test_share=0.5).read().notes
    assert note == "1 classes have one video, which is for training, and none for testing: jump"


@pytest.mark.parametrize("name", ["a:b", "-a", " a ", "Screen Recording at 10.00\u202fAM", "\u0441", "[red]", "\u200d"])
def test_unusual_names_are_names(videos, name):
    (videos / "walk" / f"{name}.mp4").touch()
    assert f"walk/{name}" in {video.video for video in VideoFolder(videos).read().videos}


@pytest.mark.parametrize("name", [b"a\xff.mp4", b"a\n.mp4", b"\x1b.mp4"])
def test_a_name_that_is_no_line_of_text_is_one_message(videos, name):
    (videos / "walk" / os.fsdecode(name)).touch()
    with pytest.raises(InputError, match=r"name of a video must be text on one line, in UTF-8 .*got 'walk/.*; rename"):
        VideoFolder(videos).read()


def test_a_share_of_each_class_is_drawn_again_by_the_same_seed(videos):
    def drawn(**options) -> list[str]:
        return [video.video for video in VideoFolder(videos, **options).read().videos if video.split == "test"]

    test = drawn(test_share=0.3)
    assert [name.split("/")[0] for name in test] == ["jump", "walk", "walk", "walk"]
    assert drawn(test_share=0.3) == test
    assert drawn(test_share=0.3, seed=1) != test
    assert len(drawn(test_share=0.99)) == 1 + 9  # never all of a class
    assert len(drawn(test_share=0.01)) == 1 + 1  # and at least one
    (videos / "jump" / "one.AVI").unlink()
    assert len(drawn(test_share=0.99)) == 9  # but not the only one


def test_a_list_names_what_is_for_testing(videos, tmp_path):
    path = tmp_path / "test.txt"
    path.write_text("walk/03.mp4\n\njump/frames\n")
    collection = VideoFolder(videos, name="mine", test_list=path).read()
    assert collection.name == "mine"
    assert [video.video for video in collection.videos if video.split == "test"] == ["jump/frames", "walk/03"]
    path.write_text("walk/99.mp4\n")
    with pytest.raises(InputError, match=r"test\.txt: 'walk/99' is none of the 12 videos, such as 'jump/frames'"):
        VideoFolder(videos, test_list=path).read()
    path.write_text("\n")
    with pytest.raises(InputError, match=r"test\.txt: lists nothing"):
        VideoFolder(videos, test_list=path).read()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"test_share": 1.0}, r"test_share must be between 0 and 1, got 1\.0"),
        ({"test_share": 0.0}, r"test_share must be between 0 and 1, got 0\.0"),
        ({"test_share": 0.5, "test_list": "x.txt"}, "by test_list or by test_share, not by both"),
    ],
)
def test_a_choice_that_makes_no_sense_is_an_error(videos, options, reason):
    with pytest.raises(InputError, match=reason):
        VideoFolder(videos, **options).read()


def test_a_folder_that_cannot_be_used_is_an_error_that_names_it(tmp_path):
    with pytest.raises(InputError, match="absent: no such folder"):
        VideoFolder(tmp_path / "absent").read()
    with pytest.raises(InputError, match="holds no class/video"):
        VideoFolder(tmp_path).read()
    (tmp_path / "walk\n").mkdir()
    (tmp_path / "walk\n" / "a.mp4").touch()
    with pytest.raises(InputError, match=r"the name of a video must be text on one line.*, got .walk\\n/a"):
        VideoFolder(tmp_path).read()

import pytest

from actorsup.datasets.formats import VideoFolder
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
    assert [(video.video, video.label, video.split) for video in collection.videos[:3]] == [
        ("jump/frames", 0, "train"),
        ("jump/one", 0, "train"),
        ("walk/00", 1, "train"),
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
    (note,) = VideoFolder(videos).read().notes
    assert note == ("4 files and folders hold no video and are left out: empty, readme.txt, walk/notes.txt, walk/old")


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
    with pytest.raises(InputError, match=r"the name must be a path .*, got .walk\\n/a"):
        VideoFolder(tmp_path).read()

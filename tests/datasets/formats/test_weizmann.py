import pytest

from actorsup.datasets.formats import LabelledVideo, VideoCollection, VideosFile, Weizmann, write_videos_file
from actorsup.errors import InputError
from actorsup.structures import Tube

CLIPS = ("bend/daria_bend", "bend/lyova_bend", "walk/lena_walk2", "walk/shahar_walk")


@pytest.fixture
def root(tmp_path):
    for clip in CLIPS:
        path = tmp_path / "videos" / f"{clip}.avi"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def splits(collection):
    return {video.video: video.split for video in collection.videos}


def test_clips_in_folders_are_labelled_by_these_and_split_by_people(root):
    collection = Weizmann("videos", root).read()
    assert (collection.name, collection.classes) == ("weizmann", ("bend", "walk"))
    assert [video.labels for video in collection.videos] == [(0,), (0,), (1,), (1,)]
    assert splits(collection) == dict(zip(CLIPS, ("train", "test", "train", "test"), strict=True))
    others = Weizmann("videos", root, test_people=("daria", "lena")).read()
    assert splits(others) == dict(zip(CLIPS, ("test", "train", "test", "train"), strict=True))
    assert [video.video for video in Weizmann("videos", root).read(["test"]).videos] == [CLIPS[1], CLIPS[3]]


def test_an_annotation_file_gives_the_boxes_and_people_the_splits(root):
    tube = Tube(0, [[0, 0, 5, 5]], [1.0], 1.0, 0)
    videos = tuple(LabelledVideo(clip, "train", (0,), 1, (180, 144), (tube,)) for clip in CLIPS[:2])
    write_videos_file(root / "annotation.json", VideoCollection("mine", ("bend",), videos))
    collection = Weizmann(data_root=root).read()
    assert splits(collection) == {CLIPS[0]: "train", CLIPS[1]: "test"}
    assert [len(video.tubes) for video in collection.videos] == [1, 1]
    assert splits(VideosFile(data_root=root).read()) == dict.fromkeys(CLIPS[:2], "train")


def test_people_who_are_not_in_it_are_refused(root):
    with pytest.raises(InputError, match=r"videos: test_people must be of daria, .*, got 'bob'"):
        Weizmann("videos", root, test_people=("eli", "bob")).read()
    (root / "videos" / "bend" / "bob_bend.avi").touch()
    with pytest.raises(InputError, match="bend/bob_bend: a clip's name begins with one of daria"):
        Weizmann("videos", root).read()

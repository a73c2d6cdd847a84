import copy
import os
import pickle

import numpy as np
import pytest

from actorsup.datasets.formats import (
    ACTPickle,
    LabelledVideo,
    VideoCollection,
    VideosFile,
    load_pickle,
    write_act_pickle,
    write_videos_file,
)
from actorsup.datasets.formats.thumos13 import read_ucf101_annotation
from actorsup.errors import InputError

from ..conftest import CLASSES, pyannot_entry, write_pickle
from .changes import changed

ROWS = np.array([[3, 10, 20, 30, 40], [4, 11, 20, 31, 40]], np.float32)
GOOD = {
    "labels": ["walk", "jump"],
    "train_videos": [["walk/a"], ["b/c"]],
    "test_videos": [["b/c"], ["walk/a"]],
    "nframes": {"walk/a": 9, "b/c": np.int64(8)},
    "resolution": {"walk/a": (240, 320), "b/c": (240, 320)},
    "gttubes": {"walk/a": {}, "b/c": {1: [ROWS, ROWS[:1]], 0: [ROWS[:1]]}},
}


def test_frames_from_one_and_sizes_as_height_and_width_become_ours(tmp_path):
    collection = ACTPickle(write_pickle(tmp_path / "ours.pkl", GOOD)).read()
    assert (collection.name, collection.classes) == ("ours", ("walk", "jump"))
    train, test = collection.videos
    assert (train.video, train.split, train.labels, train.tubes) == ("walk/a", "train", (0,), ())
    # Its tubes say both; the folder says nothing.
    assert (test.video, test.split, test.labels, test.num_frames, test.size) == ("b/c", "test", (0, 1), 8, (320, 240))
    assert [(tube.start, tube.end, tube.label) for tube in test.tubes] == [(2, 4, 1), (2, 3, 1), (2, 3, 0)]
    np.testing.assert_array_equal(test.tubes[0].boxes, ROWS[:, 1:])


@pytest.mark.parametrize(
    ("folder", "tubes", "labels"),
    [
        ("b", {}, ()),
        ("b", {1: [ROWS]}, (1,)),
        ("b", {1: [ROWS], 0: [ROWS, ROWS]}, (0, 1)),
        ("walk", {}, (0,)),
        ("walk", {0: [ROWS]}, (0,)),
        ("walk", {1: [ROWS]}, (0, 1)),
        ("b/walk", {1: [ROWS]}, (1,)),
    ],
)
def test_a_video_shows_the_classes_of_its_tubes_and_of_its_folder(tmp_path, folder, tubes, labels):
    video = f"{folder}/c"
    content = {**GOOD, "train_videos": [[video]], "test_videos": [[]], "gttubes": {video: tubes}}
    content |= {"nframes": {video: 8}, "resolution": {video: (240, 320)}}
    collection = ACTPickle(write_pickle(tmp_path / "a.pkl", content)).read()
    (read,) = collection.videos
    assert (read.video, read.labels, len(read.tubes)) == (video, labels, sum(map(len, tubes.values())))
    assert collection.notes == ()


def test_another_split_has_other_videos(tmp_path):
    collection = ACTPickle(write_pickle(tmp_path / "a.pkl", GOOD), split_number=2).read()
    assert [(video.video, video.split) for video in collection.videos] == [("b/c", "train"), ("walk/a", "test")]
    with pytest.raises(InputError, match="'train_videos' has no split 3"):
        ACTPickle(tmp_path / "a.pkl", split_number=3).read()


def test_a_tube_with_gaps_is_one_that_was_marked_in_some_frames(tmp_path):
    content = copy.deepcopy(GOOD)
    content["gttubes"]["b/c"] = {1: [np.array([[2, 0, 0, 10, 10], [6, 8, 0, 18, 10]])]}
    (tube,) = ACTPickle(write_pickle(tmp_path / "a.pkl", content)).read().videos[1].tubes
    assert tube.annotated.tolist() == [True, False, False, False, True]
    write_act_pickle(tmp_path / "b.pkl", ACTPickle(tmp_path / "a.pkl").read())
    np.testing.assert_array_equal(
        load_pickle(tmp_path / "b.pkl")["gttubes"]["b/c"][1][0], content["gttubes"]["b/c"][1][0]
    )


def assert_same(ours: dict, theirs: dict) -> None:
    assert ours["labels"] == theirs["labels"]
    assert ours["test_videos"] == [list(videos) for videos in theirs["test_videos"]]
    assert (ours["nframes"], ours["resolution"]) == (theirs["nframes"], theirs["resolution"])
    assert ours["gttubes"].keys() == theirs["gttubes"].keys()
    for video, tubes in theirs["gttubes"].items():
        assert list(ours["gttubes"][video]) == list(tubes)
        for label, arrays in tubes.items():
            for one, two in zip(ours["gttubes"][video][label], arrays, strict=True):
                assert one.dtype == two.dtype
                np.testing.assert_array_equal(one, two)


def test_there_and_back_through_the_annotation_file_is_the_same_ground_truth(tmp_path):
    write_videos_file(tmp_path / "a.json", ACTPickle(write_pickle(tmp_path / "a.pkl", GOOD)).read())
    write_act_pickle(tmp_path / "new" / "b.pkl", VideosFile(tmp_path / "a.json").read())
    expected = {**GOOD, "train_videos": [["walk/a"]], "test_videos": [["b/c"]]}
    assert_same(load_pickle(tmp_path / "new" / "b.pkl"), expected)


def test_the_real_sample_goes_there_and_back(data_root, tmp_path):
    sample = data_root / "samples" / "act_layout_multisports_gt.pkl"
    collection = ACTPickle(sample).read()
    (video,) = collection.videos
    assert (len(collection.classes), video.num_frames, video.size, len(video.tubes)) == (66, 725, (1280, 720), 8)
    write_videos_file(tmp_path / "a.json.gz", collection)
    write_act_pickle(tmp_path / "b.pkl", VideosFile(tmp_path / "a.json.gz").read())
    assert_same(load_pickle(tmp_path / "b.pkl"), load_pickle(sample))


def test_what_this_layout_cannot_hold_is_left_out_or_named(tmp_path):
    videos = [LabelledVideo("a", "val", (0,), 9, (9, 9), ()), LabelledVideo("b", "test", (0,), 9, (9, 9))]
    write_act_pickle(tmp_path / "a.pkl", VideoCollection("x", ("walk",), tuple(videos)))
    assert load_pickle(tmp_path / "a.pkl")["gttubes"] == {}
    unknown = LabelledVideo("c", "test", (0,), tubes=())
    with pytest.raises(InputError, match="video c: this layout needs 'num_frames' and 'size'"):
        write_act_pickle(tmp_path / "a.pkl", VideoCollection("x", ("walk",), (unknown,)))


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("labels", KeyError, "expected a dictionary with 'labels'"),
        ("labels", [1], "'a name in labels' must be text, got 1"),
        ("test_videos", 5, "'test_videos' has no split 1, it is 5"),
        ("test_videos", [["b/c", "b/c"]], "video b/c: is there several times"),
        ("test_videos", ["b/c"], "'test_videos' must be a list, got 'b/c'"),
        ("nframes|b/c", KeyError, "video b/c: expected a dictionary with 'b/c'"),
        ("nframes|b/c", 3, "video b/c: tube 0 ends at frame 4, the video has 3 frames"),
        ("resolution|b/c", (240,), "video b/c: 'resolution' must be (height, width), got (240,)"),
        ("resolution|b/c", (240, -320), "video b/c: size must be the frames' width and height"),
        ("gttubes|b/c", [], "video b/c: 'gttubes' must be a dictionary, got []"),
        ("gttubes|b/c", {2: [ROWS]}, "video b/c: label 2 is outside 0..1"),
        ("gttubes|b/c", {"walk": [ROWS]}, "video b/c: 'label' must be a whole number, got 'walk'"),
        ("gttubes|b/c|1", ROWS, "video b/c: 'tubes of label 1' must be a list, got array("),
        ("gttubes|b/c|1|0", ROWS[:, :4], "video b/c: label 1, tube 0: expected rows of 5 numbers, got (2, 4)"),
        ("gttubes|b/c|1|0", ROWS[::-1], "video b/c: label 1, tube 0: 2 boxes need as many frames, ascending"),
        (
            "gttubes|b/c|1|0",
            ROWS - [3, 0, 0, 0, 0],
            "video b/c: label 1, tube 0: 2 boxes need as many frames, ascending whole numbers from 1",
        ),
        ("gttubes|b/c|1|0", ROWS * [1, 1, 1, np.nan, 1], "video b/c: label 1, tube 0: box 0: expected x1 <= x2"),
        ("gttubes|b/c|1|0", ROWS * [1, 1, 1, 0, 1], "video b/c: label 1, tube 0: box 0: expected x1 <= x2"),
    ],
)
def test_a_wrong_value_is_an_error_with_file_video_and_value(tmp_path, path, value, reason):
    path = write_pickle(tmp_path / "wrong.pkl", changed(GOOD, path, value, "|"))
    with pytest.raises(InputError) as raised:
        ACTPickle(path).read()
    assert str(raised.value).startswith(f"{path}: {reason}")


def test_no_code_in_it_runs(tmp_path):
    class RunsOnLoad:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps({**GOOD, "extra": RunsOnLoad()}))
    with pytest.raises(InputError, match="refused, because it would load"):
        ACTPickle(path).read()
    assert not (tmp_path / "made").exists()


def test_thumos13_takes_this_layout_with_its_own_labels_only(tmp_path):
    biking = "Biking/v_Biking_g01_c01"
    content = {
        "labels": list(CLASSES),
        "test_videos": [[biking]],
        "nframes": {biking: 12},
        "resolution": {biking: (240, 320)},
        "gttubes": {biking: {2: [ROWS]}},
    }
    annotation = read_ucf101_annotation(write_pickle(tmp_path / "act.pkl", content), CLASSES)[biking]
    assert (annotation.num_frames, annotation.size, annotation.tubes[0].start) == (12, (320, 240), 2)
    other = read_ucf101_annotation(write_pickle(tmp_path / "py.pkl", {biking: pyannot_entry(2)}), CLASSES)
    assert other[biking].tubes[0].start == 2
    with pytest.raises(InputError, match="its labels are walk, jump, expected Basketball, "):
        read_ucf101_annotation(write_pickle(tmp_path / "act.pkl", GOOD), CLASSES)

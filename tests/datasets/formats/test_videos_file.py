import copy
import gzip
import json

import numpy as np
import pytest

from actorsup.datasets.formats import LabelledVideo, VideoCollection, VideosFile, write_videos_file
from actorsup.datasets.formats.reading import tube_of_frames
from actorsup.errors import InputError
from actorsup.structures import Tube

from .changes import changed

GOOD = {
    "format": "actorsup.videos",
    "version": 2,
    "name": "puppets",
    "classes": ["walk", "jump"],
    "videos": [
        {
            "video": "walk/0001",
            "split": "test",
            "labels": ["walk"],
            "num_frames": 96,
            "size": [320, 240],
            "tubes": [
                {"label": "walk", "start": 12, "boxes": [[1, 2, 3.5, 4], [1, 2, 3, 4]]},
                {"label": "jump", "frames": [4, 31, 60], "boxes": [[0, 0, 9, 9], [27, 0, 36, 9], [27, 0, 36, 9]]},
            ],
        },
        {"video": "jump/0001", "split": "train", "labels": ["jump"]},
    ],
}
# The same, as the first version had it: a video has one label.
FIRST = copy.deepcopy(GOOD) | {"version": 1}
for entry in FIRST["videos"]:
    (entry["label"],) = entry.pop("labels")


def write(path, content) -> str:
    path.write_text(json.dumps(content))
    return path


def test_a_file_is_read_as_the_documentation_says(tmp_path):
    collection = VideosFile(write(tmp_path / "a.json", GOOD)).read()
    assert (collection.name, collection.classes, collection.splits) == ("puppets", ("walk", "jump"), ("test", "train"))
    assert (collection.class_actors, collection.actors) == (None, None)
    annotated, labelled = collection.videos
    assert (annotated.video, annotated.split, annotated.labels) == ("walk/0001", "test", (0,))
    assert (annotated.num_frames, annotated.size) == (96, (320, 240))
    dense, sparse = annotated.tubes
    assert (dense.start, dense.label, dense.annotated) == (12, 0, None)
    np.testing.assert_array_equal(dense.boxes, [[1, 2, 3.5, 4], [1, 2, 3, 4]])
    assert (sparse.start, sparse.end, sparse.label, np.flatnonzero(sparse.annotated).tolist()) == (
        4,
        61,
        1,
        [0, 27, 56],
    )
    np.testing.assert_array_equal(sparse.boxes[:28, 0], np.arange(28))  # a pixel a frame
    assert (labelled.labels, labelled.num_frames, labelled.size, labelled.tubes) == ((1,), None, None, None)


def test_without_tubes_nothing_but_names_and_labels_is_looked_at(tmp_path):
    content = copy.deepcopy(GOOD)
    content["videos"][0]["tubes"] = [{"boxes": "none"}]
    collection = VideosFile(write(tmp_path / "a.json", content)).read(with_tubes=False)
    assert [(video.video, video.labels, video.tubes) for video in collection.videos] == [
        ("walk/0001", (0,), None),
        ("jump/0001", (1,), None),
    ]


def test_the_first_version_is_read_as_the_second(tmp_path):
    write_videos_file(tmp_path / "of_first.json", VideosFile(write(tmp_path / "a.json", FIRST)).read())
    write_videos_file(tmp_path / "of_second.json", VideosFile(write(tmp_path / "b.json", GOOD)).read())
    written = (tmp_path / "of_first.json").read_text()
    assert written == (tmp_path / "of_second.json").read_text()
    content = json.loads(written)
    assert (content["version"], [video["labels"] for video in content["videos"]]) == (2, [["walk"], ["jump"]])
    assert "label" not in content["videos"][0]


def test_a_video_may_have_several_labels_or_none(tmp_path):
    content = copy.deepcopy(GOOD)
    content["videos"][0]["labels"], content["videos"][1]["labels"] = ["jump", "walk"], []
    collection = VideosFile(write(tmp_path / "a.json", content)).read()
    assert [video.labels for video in collection.videos] == [(0, 1), ()]
    write_videos_file(tmp_path / "b.json", collection)
    again = json.loads((tmp_path / "b.json").read_text())["videos"]
    assert [video["labels"] for video in again] == [["walk", "jump"], []]  # in the order of the classes
    assert [video.labels for video in VideosFile(tmp_path / "b.json").read().videos] == [(0, 1), ()]


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("labels", ["walk"], "unknown 'labels'; known are label, num_frames"),
        ("label", KeyError, "expected a dictionary with 'label'"),
        ("label", "fly", "label 'fly' is none of the 2 classes: walk, jump"),
        ("label", ["walk"], "label ['walk'] is none of"),
        ("label", [], "label [] is none of"),
        ("label", None, "label None is none of"),
    ],
)
def test_the_first_version_has_one_label_a_video(tmp_path, path, value, reason):
    with pytest.raises(InputError) as raised:
        VideosFile(write(tmp_path / "wrong.json", changed(FIRST, f"videos.0.{path}", value))).read()
    assert str(raised.value).startswith(f"{tmp_path / 'wrong.json'}: video walk/0001: {reason}")


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
def test_what_is_written_is_read_again_to_the_bit(tmp_path, rng, name):
    corners = rng.uniform(0, 100, (4, 2, 2)).astype(np.float32)
    boxes = np.sort(corners, axis=1).reshape(4, 4)
    tubes = (
        Tube(3, boxes, np.ones(4), 1.0, 1),
        tube_of_frames(np.array([2, 5, 6, 11]), boxes, 0),
        tube_of_frames(np.array([2, 3, 4, 5]), boxes, 0),
    )
    videos = (
        LabelledVideo("a/b", "train", (1, 0), 12, (640, 480), tubes),
        LabelledVideo("c", "test", (0,), tubes=()),
        LabelledVideo("d", "test", ()),
    )
    collection = VideoCollection("made", ("x", "y"), videos, class_actors=("cat", "dog"), actors=("cat",))
    write_videos_file(tmp_path / "new" / name, collection)
    again = VideosFile(tmp_path / "new" / name).read()
    for key in ("name", "classes", "class_actors", "actors"):
        assert getattr(again, key) == getattr(collection, key)
    for video, other in zip(collection.videos, again.videos, strict=True):
        for key in ("video", "split", "labels", "num_frames", "size"):
            assert getattr(other, key) == getattr(video, key)
        assert (other.tubes is None) == (video.tubes is None)
        for tube, read in zip(video.tubes or (), other.tubes or (), strict=True):
            assert (read.start, read.label) == (tube.start, tube.label)
            np.testing.assert_array_equal(read.boxes, tube.boxes)
            np.testing.assert_array_equal(read.annotated, tube.annotated)
    assert again.videos[0].tubes[2].annotated is None  # every frame of it is
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]
    first = (tmp_path / "new" / name).read_bytes()
    write_videos_file(tmp_path / "new" / name, again)
    assert (tmp_path / "new" / name).read_bytes() == first


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("format", "coco", "'format' must be 'actorsup.videos', got 'coco'"),
        ("format", KeyError, "expected a dictionary with 'format'"),
        ("version", 3, "is of version 3, this package reads versions 1 and 2"),
        ("version", 0, "is of version 0, this package reads versions 1 and 2"),
        ("version", True, "'version' must be a whole number, got True"),
        ("version", "1", "'version' must be a whole number, got '1'"),
        ("name", "", "'name' must be text, got ''"),
        ("classes", KeyError, "expected a dictionary with 'classes'"),
        ("classes", [], "'classes' names no class"),
        ("classes", ["walk", 2], "'a name in classes' must be text, got 2"),
        ("classes", ["walk", "jump", "walk"], "'classes' names 'walk' several times"),
        ("class_actors", ["person"], "'class_actors' names 1 actors, 'classes' names 2 classes"),
        ("actors", "person", "'actors' must be a list, got 'person'"),
        ("actors", ["dog", "dog"], "'actors' names 'dog' several times"),
        ("video", [], "unknown 'video'; known are actors, class_actors"),
        ("videos", {}, "'videos' must be a list, got {}"),
        ("videos.1", 7, "video number 2 of the list: expected a dictionary with 'video', got 7"),
        ("videos.1.video", KeyError, "video number 2 of the list: expected a dictionary with 'video'"),
        ("videos.1.video", "walk/0001", "video walk/0001: is there several times"),
    ],
)
def test_a_wrong_file_is_an_error_with_file_and_value(tmp_path, path, value, reason):
    with pytest.raises(InputError) as raised:
        VideosFile(write(tmp_path / "wrong.json", changed(GOOD, path, value))).read()
    assert str(raised.value).startswith(f"{tmp_path / 'wrong.json'}: {reason}")


NAME = "the name must be a path below the folder of the videos"


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        *(("video", name, NAME) for name in ("../a", "/a", "a//b", "a/", ".", "a/../b")),
        ("split", KeyError, "expected a dictionary with 'split'"),
        ("split", 1, "'split' must be text, got 1"),
        ("labels", ["walk", "fly"], "label 'fly' is none of the 2 classes: walk, jump"),
        ("labels", [["walk"]], "label ['walk'] is none of"),
        ("labels", [None], "label None is none of"),
        ("labels", "walk", "'labels' must be a list, got 'walk'"),
        ("labels", None, "'labels' must be a list, got None"),
        ("labels", KeyError, "expected a dictionary with 'labels'"),
        ("labels", ["walk", "jump", "walk"], "has the label 0 several times"),
        ("label", "walk", "unknown 'label'; known are labels, num_frames"),
        ("tube", [], "unknown 'tube'; known are labels, num_frames"),
        ("num_frames", 0, "num_frames must be from 1 to"),
        ("num_frames", 10**9, "num_frames must be from 1 to"),
        ("num_frames", 96.0, "'num_frames' must be a whole number, got 96.0"),
        ("num_frames", 13, "tube 0 ends at frame 14, the video has 13 frames"),
        ("size", KeyError, "its tubes need the size of the frames"),
        ("size", [320, 10**400], "size must be the frames' width and height in pixels, got [320, 1000"),
        ("size", [320], "size must be the frames' width and height in pixels, got [320]"),
        ("size", [-320, 240], "size must be the frames' width and height in pixels, got [-320, 240]"),
        ("size", [320.5, 240], "'size' must be a whole number, got 320.5"),
        ("tubes", None, "'tubes' must be a list, got None"),
        ("tubes.0", None, "tube 0: expected a dictionary with 'boxes', got None"),
        ("tubes.0.label", "fly", "tube 0: label 'fly' is none of"),
        ("tubes.0.frames", [1, 2], "tube 0: expected either 'start' or 'frames'"),
        ("tubes.0.start", KeyError, "tube 0: expected either 'start' or 'frames'"),
        ("tubes.0.end", 14, "tube 0: unknown 'end'; known are boxes"),
        ("tubes.0.start", -1, "tube 0: 2 boxes need as many frames, ascending whole numbers from 0 to"),
        ("tubes.0.start", 10**30, "tube 0: 2 boxes need as many frames"),
        ("tubes.0.start", True, "tube 0: 'start' must be a whole number, got True"),
        ("tubes.1.frames", [4, 31], "tube 1: 3 boxes need as many frames, ascending"),
        (
            "tubes.1.frames",
            [4, 31, 31],
            "tube 1: 3 boxes need as many frames, ascending whole numbers from 0 to 4194303, got [4, 31, 31]",
        ),
        ("tubes.1.frames", [4, 31, 10**12], "tube 1: 3 boxes need as many frames"),
        ("tubes.1.frames", [False, 4, 31], "tube 1: frames must be whole numbers, got [False, 4, 31]"),
        ("tubes.1.frames", [4, 31, "60"], "tube 1: 3 boxes need as many frames"),
        ("tubes.0.boxes", [], "tube 0: expected rows of 4 numbers, got (0,)"),
        ("tubes.0.boxes", [[1, 2, 3]], "tube 0: expected rows of 4 numbers, got (1, 3)"),
        ("tubes.0.boxes", [[1, 2, 3], [1, 2]], "tube 0: expected rows of 4 numbers"),
        ("tubes.0.boxes", [["1", "2", "3", "4"]], "tube 0: expected rows of 4 numbers"),
        ("tubes.0.boxes", [[1, 2, 3, 4], [1, 2, 3, None]], "tube 0: expected rows of 4 numbers"),
        (
            "tubes.0.boxes",
            [[1, 2, 3, 4], [1, 2, float("nan"), 4]],
            "tube 0: box 1: expected x1 <= x2 and y1 <= y2, numbers below 16777216, got [1.0, ",
        ),
        (
            "tubes.0.boxes",
            [[1, 2, 3, 1e300]],
            "tube 0: box 0: expected x1 <= x2 and y1 <= y2, numbers below 16777216, got [1.0, 2.0, 3.0, 1e+300]",
        ),
        ("tubes.0.boxes", [[1, 2, 3, 10**400]], "tube 0: expected rows of 4 numbers"),
        (
            "tubes.0.boxes",
            [[3, 2, 1, 4]],
            "tube 0: box 0: expected x1 <= x2 and y1 <= y2, numbers below 16777216, got [3.0, 2.0, 1.0, 4.0]",
        ),
    ],
)
def test_a_wrong_value_is_an_error_with_file_video_and_value(tmp_path, path, value, reason):
    with pytest.raises(InputError) as raised:
        VideosFile(write(tmp_path / "wrong.json", changed(GOOD, f"videos.0.{path}", value))).read()
    video = value if path == "video" else "walk/0001"
    assert str(raised.value).startswith(f"{tmp_path / 'wrong.json'}: video {video}: {reason}")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not a text file"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1]", "expected a dictionary with 'format', got [1]"),
        (gzip.compress(b"{}", mtime=0)[:-9], "cannot be read"),
        (gzip.compress(b"{}", mtime=0)[:-1] + b"1", "cannot be read"),
        (b"\x1f\x8b\x08", "cannot be read"),
    ],
)
def test_what_is_no_annotation_file_is_an_error_that_names_it(tmp_path, content, reason):
    path = tmp_path / "other.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as raised:
        VideosFile(path).read()
    assert str(raised.value).startswith(f"{path}: {reason}")


def test_labels_of_videos_and_tubes_are_classes():
    with pytest.raises(ValueError, match="'classes' names no class"):
        VideoCollection("x", (), ())
    with pytest.raises(ValueError, match="'a name in actors' must be text, got ' '"):
        VideoCollection("x", ("walk",), (), actors=(" ",))
    with pytest.raises(ValueError, match="'name' must be text, got ''"):
        VideoCollection("", ("walk",), ())
    with pytest.raises(ValueError, match=r"video a: label 1 is outside 0\.\.0"):
        VideoCollection("x", ("walk",), (LabelledVideo("a", "train", (0, 1)),))
    tube = tube_of_frames([0], [[0, 0, 1, 1]], 1)
    with pytest.raises(ValueError, match=r"video a: label 1 is outside 0\.\.0"):
        VideoCollection("x", ("walk",), (LabelledVideo("a", "train", (0,), 1, (9, 9), (tube,)),))


def test_labels_of_a_video_are_different_ones_in_ascending_order():
    assert LabelledVideo("a", "train", (2, 0)).labels == (0, 2)
    assert LabelledVideo("a", "train", [1]).labels == (1,)
    assert LabelledVideo("a", "train", ()).labels == ()
    with pytest.raises(ValueError, match="has the label 2 several times"):
        LabelledVideo("a", "train", (2, 0, 2))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"format": "actorsup.videos", "format": "x"}', "a dictionary names 'format' several times"),
        ("[" * 100_000 + "]" * 100_000, "maximum recursion depth"),
        ('{"version": ' + "9" * 10_000 + "}", "Exceeds the limit"),
    ],
)
def test_what_python_reads_silently_or_never_is_an_error_that_names_the_file(tmp_path, text, reason):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=rf"a\.json: is not JSON \(.*{reason}"):
        VideosFile(tmp_path / "a.json").read()


def test_a_small_file_that_holds_more_than_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("actorsup.io.reading.MAX_BYTES", 10**6)
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(bytes(10**6)) * 1000)
    with pytest.raises(InputError, match=r"a\.json\.gz: holds more than 1000000 bytes"):
        VideosFile(tmp_path / "a.json.gz").read()


def test_true_is_no_number(tmp_path):
    content = copy.deepcopy(GOOD)
    content["videos"][0]["tubes"][0]["boxes"][1][2] = True
    with pytest.raises(InputError, match="tube 0: expected rows of 4 numbers"):
        VideosFile(write(tmp_path / "a.json", content)).read()


def test_names_that_no_file_system_takes_are_refused():
    with pytest.raises(ValueError, match="longer than 230 bytes"):
        LabelledVideo("walk/" + "é" * 120, "train", (0,))

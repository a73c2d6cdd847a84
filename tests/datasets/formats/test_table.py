import json

import numpy as np
import pytest

from actorsup.datasets.formats import LabelTable, VideoCollection
from actorsup.errors import InputError
from tests.conftest import moving_square, write_video

BOXES = "video,tube,frame,x1,y1,x2,y2,label\n"


def convert_table(table, boxes=None, videos=None, name=None) -> VideoCollection:
    return LabelTable(table, boxes=boxes, videos=videos, name=name).read()


def write(path, text: str):
    path.write_text(text)
    return path


def test_labels_alone_are_a_dataset_for_training(tmp_path):
    table = write(tmp_path / "mine.csv", "label, video\nwalk, a/one.mp4\njump, two\n")
    collection = convert_table(table)
    assert (collection.name, collection.classes, collection.notes) == ("mine", ("jump", "walk"), ())
    assert [(video.video, video.labels, video.split) for video in collection.videos] == [
        ("a/one", (1,), "train"),
        ("two", (0,), "train"),
    ]
    assert {video.tubes for video in collection.videos} == {None}


def labels_of(collection: VideoCollection) -> dict[str, list[str]]:
    return {video.video: [collection.classes[label] for label in video.labels] for video in collection.videos}


SEVERAL = {"a": ["jump", "walk"], "b": [], "c": ["walk"]}


def test_a_video_has_a_line_for_each_of_its_labels_and_one_of_no_label_an_empty_one(tmp_path):
    lines = ["video,label,split", "a.mp4,walk,test", "b,,train", "c,walk,train", "a,jump,test"]
    collection = convert_table(write(tmp_path / "a.csv", "\n".join(lines)))
    assert collection.classes == ("jump", "walk")
    assert labels_of(collection) == SEVERAL
    assert [video.split for video in collection.videos] == ["test", "train", "train"]
    assert collection.notes == ()


@pytest.mark.parametrize(
    "content",
    [
        {"a": ["walk", "jump"], "b": [], "c": "walk"},
        {"a": ["walk", "jump"], "b": "", "c": ["walk"]},
        [{"video": "a", "label": ["walk", "jump"]}, {"video": "b", "label": []}, {"video": "c.avi", "label": "walk"}],
        [{"video": name, "label": label} for name, label in [("a", "walk"), ("b", ""), ("c", "walk"), ("a", "jump")]],
        [{"video": name, "label": label} for name, label in [("a", ["walk"]), ("b", []), ("c", "walk"), ("a", "jump")]],
    ],
)
def test_in_json_the_label_may_be_a_list(tmp_path, content):
    assert labels_of(convert_table(write(tmp_path / "a.json", json.dumps(content)))) == SEVERAL


def test_boxes_of_a_video_of_several_labels_or_none_say_their_own(tmp_path):
    table = write(tmp_path / "a.csv", "video,label\na,walk\na,jump\nb,\nc,walk\n")
    rows = ["a,1,0,1,2,3,4,jump", "a,2,0,5,6,7,8,walk", "b,1,0,1,2,3,4,walk", "c,1,0,1,2,3,4,"]
    boxes = write(tmp_path / "boxes.csv", BOXES + "\n".join(rows))
    for name in "abc":
        write_video(tmp_path / "videos" / f"{name}.avi", moving_square(3))
    a, b, c = convert_table(table, boxes, tmp_path / "videos").videos
    assert [[(tube.label, tube.boxes[0, 0]) for tube in video.tubes] for video in (a, b, c)] == [
        [(0, 1), (1, 5)],
        [(1, 1)],
        [(1, 1)],
    ]
    assert (a.labels, b.labels, c.labels) == ((0, 1), (), (1,))


@pytest.mark.parametrize(
    "content",
    [
        [{"video": "a.avi", "label": "walk"}, {"video": "b", "label": "jump", "split": "test"}],
        {"a.avi": "walk", "b": "jump"},
    ],
)
def test_json_is_as_good_as_csv(tmp_path, content):
    collection = convert_table(write(tmp_path / "a.json", json.dumps(content)), name="own")
    assert collection.name == "own"
    assert [video.video for video in collection.videos] == ["a", "b"]
    assert collection.videos[1].split == ("test" if isinstance(content, list) else "train")


def test_boxes_of_some_videos_become_their_tubes(tmp_path):
    table = write(tmp_path / "a.csv", "video,label,split\na,walk,train\nb,walk,test\nc,jump,test\n")
    rows = ["b.avi,1,7,0,0,10,10,", "b,x,3,1,2,3.5,4,jump", "b,1,5,20,0,30,10,", "b,x,4,1,2,3,4,jump"]
    boxes = write(tmp_path / "boxes.csv", BOXES + "\n".join(rows))
    write_video(tmp_path / "videos" / "b.avi", moving_square(8))
    collection = convert_table(table, boxes, tmp_path / "videos")
    a, b, c = collection.videos
    assert (a.tubes, c.tubes, b.size) == (None, None, (96, 64))
    sparse, dense = b.tubes
    assert (sparse.label, sparse.start, sparse.annotated.tolist()) == (1, 5, [True, False, True])
    np.testing.assert_array_equal(sparse.boxes[:, 0], [20, 10, 0])
    assert (dense.label, dense.start, dense.annotated) == (0, 3, None)
    assert collection.notes == (f"1 videos not for training have no box in {boxes}: c",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("video,class\na,walk\n", ": its first line must name the columns video, label; no label"),
        ("", ": its first line must name the columns"),
        ("video,label\n", ": lists no video"),
        ("video,label\na,\n", ": 'classes' names no class"),
        ('video,label\na," "\n', ", line 2: 'label' must be text, got ' '"),
        ("video,label\na\n", ", line 2: 'label' must be text, got None"),
        ("video,label\na,walk\na.mp4,walk\n", ", line 3: video a was there before, with the label walk"),
        ("video,label\na,walk\nb,run\na, walk\n", ", line 4: video a was there before, with the label walk"),
        ("video,label\na,walk\na,run\na,walk\n", ", line 4: video a was there before, with the label walk, run"),
        ("video,label\na,walk\na,\n", ", line 3: video a was there before, with the label walk"),
        ("video,label\na,\na,walk\n", ", line 3: video a was there before, with no label"),
        ("video,label\na,\na,\n", ", line 3: video a was there before, with no label"),
        ("video,label,split\na,walk,train\na,run,test\n", ", line 3: video a was there before, of the split train"),
        ("video,label,split\na,walk,\n", ", line 2: 'split' must be text, got ''"),
        ("video,label\nmy,video.mp4,walk\n", ", line 2: has 3 cells, the header 2"),
        ("video,label,label\na,walk,run\n", ": its first line names the column label several times"),
        ("video,label\n../a,walk\n", ": the name must be a path"),
        ("video,label\n" + "x" * 200_000, ": is no CSV file"),
    ],
)
def test_a_wrong_table_is_an_error_with_file_line_and_value(tmp_path, text, reason):
    table = write(tmp_path / "wrong.csv", text)
    with pytest.raises(InputError) as raised:
        convert_table(table)
    assert str(raised.value).startswith(f"{table}{reason}")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", ": is not JSON"),
        ("7", ": expected a list of videos or an object {video: label}, got 7"),
        ('["a"]', ", entry 1: expected a dictionary with 'video', got 'a'"),
        ('{"a": 1}', ", entry 1: 'label' must be text, got 1"),
        ('{"a": null}', ", entry 1: 'label' must be text, got None"),
        ('{"a": {}}', ", entry 1: 'label' must be text, got {}"),
        ('{"a": ["walk", 1]}', ", entry 1: 'label' must be text, got 1"),
        ('{"a": ["walk", ""]}', ", entry 1: 'label' must be text, got ''"),
        ('{"a": [["walk"]]}', ", entry 1: 'label' must be text, got ['walk']"),
        ('{"a": []}', ": 'classes' names no class"),
        ('[{"video": "a", "label": ["walk"]}, {"video": "a", "label": ["run", "walk"]}]', ", entry 2: video a was"),
    ],
)
def test_a_wrong_json_table_is_an_error_with_file_entry_and_value(tmp_path, text, reason):
    table = write(tmp_path / "wrong.json", text)
    with pytest.raises(InputError) as raised:
        convert_table(table)
    assert str(raised.value).startswith(f"{table}{reason}")


def test_a_table_that_is_not_there_or_no_text_is_named(tmp_path):
    for name in ("absent.csv", "absent.json"):
        with pytest.raises(InputError, match=rf"{name}: cannot be read"):
            convert_table(tmp_path / name)
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"a\.csv: is not a text file"):
        convert_table(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x,1,0,0,0,9,9,", ", line 2: video x has no label"),
        ("a,1,0,0,0,9,9,fly", ", line 2: label 'fly' is none of the 1 classes: walk"),
        (
            "a,1,-1,0,0,9,9,",
            ", line 2: 1 boxes need as many frames, ascending whole numbers from 0 to 4194303, got [-1]",
        ),
        ("a,1,0,0,0,9,9,\na,1,0,0,0,9,9,", ", line 3: frame 0 was there before"),
        ("a,1,0.5,0,0,9,9,", ", line 2: invalid literal"),
        ("a,1,0,0,0,nan,9,", ", line 2: box 0: expected x1 <= x2"),
        ("a,1,0,0,0,wide,9,", ", line 2: could not convert"),
        ("a,1,0,0,0,9", ", line 2: 'y2' must be text, got None"),
        ("a,1,0,9,0,1,9,", ", line 2: box 0: expected x1 <= x2"),
    ],
)
def test_a_wrong_box_is_an_error_with_file_line_and_value(tmp_path, row, reason):
    table, boxes = write(tmp_path / "a.csv", "video,label\na,walk\n"), write(tmp_path / "boxes.csv", BOXES + row)
    with pytest.raises(InputError) as raised:
        convert_table(table, boxes, tmp_path)
    assert str(raised.value).startswith(f"{boxes}{reason}")


def test_boxes_need_their_videos(tmp_path):
    table, boxes = (
        write(tmp_path / "a.csv", "video,label\na,walk\n"),
        write(tmp_path / "b.csv", BOXES + "a,1,0,0,0,9,9,"),
    )
    with pytest.raises(InputError, match="boxes need the folder of the videos"):
        convert_table(table, boxes)
    with pytest.raises(InputError, match="1 videos with boxes are missing: a"):
        convert_table(table, boxes, tmp_path)


def test_blanks_around_a_cell_are_no_part_of_it(tmp_path):
    table = write(tmp_path / "a.csv", "video , label,\n a,walk \nb, walk,\n")
    assert convert_table(table).classes == ("walk",)


@pytest.mark.parametrize(("video", "number"), [("a", 2), ("b", 0)])
def test_a_box_without_a_label_needs_a_video_of_one(tmp_path, video, number):
    table = write(tmp_path / "a.csv", "video,label\na,walk\na,jump\nb,\n")
    for header in (BOXES, "video,tube,frame,x1,y1,x2,y2\n"):
        boxes = write(tmp_path / "boxes.csv", header + f"{video},1,0,0,0,9,9\n")
        with pytest.raises(InputError) as raised:
            convert_table(table, boxes, tmp_path)
        assert str(raised.value) == f"{boxes}, line 2: a box needs a label, its video has {number}"


@pytest.mark.parametrize("number", ["1_0", "١"])
def test_what_python_alone_reads_as_a_number_is_none(tmp_path, number):
    table = write(tmp_path / "a.csv", "video,label\na,walk\n")
    boxes = write(tmp_path / "boxes.csv", f"video,tube,frame,x1,y1,x2,y2\na,1,0,0,0,{number},99\n")
    with pytest.raises(InputError, match=rf"boxes\.csv, line 2: expected a number, got '{number}'"):
        convert_table(table, boxes, tmp_path)

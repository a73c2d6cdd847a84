import copy
import json
from xml.etree import ElementTree

import numpy as np
import pytest

from actorsup.datasets.formats import LabelledVideo, LabelStudio, VideoCollection, write_label_studio
from actorsup.errors import InputError
from actorsup.structures import Tube
from actorsup.structures.boxes import elementwise_iou
from tests.conftest import moving_square, write_video

from .changes import changed
from .test_cvat import of_three_videos


def key(frame: int, enabled: bool, x: float, width: float = 20, **others) -> dict:
    box = {"x": x, "y": 10, "width": width, "height": 50, "rotation": 0}
    return {"frame": frame, "enabled": enabled, **box, "time": frame / 25, **others}


def region(*sequence: dict, labels: tuple[str, ...] = ("walk",), num_frames: int = 12) -> dict:
    value = {"framesCount": num_frames, "duration": num_frames / 25, "sequence": list(sequence), "labels": list(labels)}
    names = {"id": "tJhYZ", "type": "videorectangle", "from_name": "box", "to_name": "video", "origin": "manual"}
    return names | {"value": value, "meta": {"text": ["far away"]}}


# The layout of an export as JSON of Label Studio 1.
GOOD = [
    {
        "id": 41,
        "annotations": [
            {
                "id": 7,
                "completed_by": 1,
                "was_cancelled": False,
                "ground_truth": False,
                "result": [region(key(2, True, 10), key(5, False, 16, 23), key(8, True, 30), key(10, True, 40))],
            }
        ],
        "predictions": [],
        "data": {"video": "/data/upload/3/1fa4ec12-00%201.mp4"},
        "project": 3,
    }
]


def read(tmp_path, content=GOOD, **options) -> VideoCollection:
    (tmp_path / "export.json").write_text(json.dumps(content))
    return LabelStudio("export.json", tmp_path, **options).read()


def test_a_region_is_a_tube_for_each_stretch_in_which_it_is_enabled(tmp_path):
    """Of these key frames ``extract_key_frames`` of label-studio-sdk 2.1.2 makes these boxes, frames from 1."""
    boxes = {2: (10, 20), 3: (12, 21), 4: (14, 22), 5: (16, 23)}
    boxes |= {8: (30, 20), 9: (35, 20), 10: (40, 20), 11: (40, 20), 12: (40, 20)}
    collection = read(tmp_path)
    (video,) = collection.videos
    assert (collection.classes, collection.notes, video.split) == (("walk",), (), "train")
    assert (video.video, video.labels, video.num_frames, video.size) == ("00 1", (0,), 12, (1, 1))
    assert [(tube.start, tube.end, tube.annotated) for tube in video.tubes] == [(1, 5, None), (7, 12, None)]
    found = {frame + 1: box for tube in video.tubes for frame, box in enumerate(tube.boxes, start=tube.start)}
    assert found.keys() == boxes.keys()
    for frame, (x, width) in boxes.items():
        np.testing.assert_allclose(found[frame], [x / 100, 0.1, (x + width) / 100, 0.6], rtol=1e-6)


def test_key_frames_are_taken_in_their_order_and_one_alone_is_one_frame(tmp_path):
    """The player shows a box in its key frame, enabled or not (``isInLifespan`` of label-studio's VideoRegion)."""
    shuffled = region(key(9, False, 30), key(5, False, 20), key(2, True, 10))
    content = changed(GOOD, "0.annotations.0.result", [shuffled])
    tubes = read(tmp_path, content).videos[0].tubes
    assert [(tube.start, tube.end) for tube in tubes] == [(1, 5), (8, 9)]


def test_boxes_are_right_at_every_size_of_the_video(tmp_path):
    (video,) = read(tmp_path).videos
    np.testing.assert_allclose(video.tubes_at((200, 100))[0].boxes[0], [20, 10, 60, 60], rtol=1e-6)


def test_a_region_of_several_labels_is_a_tube_of_each(tmp_path):
    content = changed(GOOD, "0.annotations.0.result", [region(key(2, False, 10), labels=("walk", "carry", "walk"))])
    collection = read(tmp_path, content)
    assert (collection.classes, collection.videos[0].labels) == (("carry", "walk"), (0, 1))
    assert [tube.label for tube in collection.videos[0].tubes] == [1, 0]


def test_classes_are_those_of_the_labelling_interface(tmp_path):
    (tmp_path / "labels.xml").write_text(
        '<View><Labels name="l" toName="video"><Label value="walk"/><Label value="jump" background="red"/></Labels>'
        '<Choices name="c" toName="video"><Choice value="blurred"/></Choices></View>'
    )
    assert read(tmp_path, label_config="labels.xml").classes == ("walk", "jump")
    with pytest.raises(
        InputError, match="task 41: region 'tJhYZ': its label 'sit' is none of the 2 classes: walk, jump"
    ):
        read(tmp_path, changed(GOOD, "0.annotations.0.result.0.value.labels", ["sit"]), label_config="labels.xml")
    (tmp_path / "labels.xml").write_text("<View/>")
    with pytest.raises(InputError, match=r"labels\.xml: has no <Label> in <Labels>"):
        read(tmp_path, label_config="labels.xml")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"video": "https://example.org/walk/0001.mp4"}, "0001"),
        ({"video": "/data/local-files/?d=videos/walk/0001.webm"}, "0001"),
        ({"clip": "s3://bucket/0001.MP4", "text": "a sentence", "fps": 25}, "0001"),
        ({"video": "/data/upload/1/1fa4ec12-0001.mp4"}, "0001"),
        ({"video": "/data/upload/1/1fa4ec12-0001.mp4", "video_name": "walk/0001"}, "walk/0001"),
    ],
)
def test_a_video_is_named_by_its_task_or_its_file(tmp_path, data, name):
    assert read(tmp_path, changed(GOOD, "0.data", data)).videos[0].video == name


def test_what_is_left_out_or_in_doubt_is_noted(tmp_path):
    content = [copy.deepcopy(GOOD[0]) for _ in range(4)]
    for number, task in enumerate(content):
        task["data"] = {"video": f"{number}.mp4"}
    first, second, third, fourth = content
    first["annotations"] = [changed(first["annotations"][0], "ground_truth", True), first["annotations"][0]]
    first["annotations"][0]["result"] = [region(key(1, False, 10), labels=("true",))]
    second["annotations"].append(changed(second["annotations"][0], "result", [{"type": "choices", "value": {}}]))
    third["annotations"][0]["was_cancelled"] = True
    fourth["annotations"] = []
    collection = read(tmp_path, content)
    assert [(video.video, video.labels, video.num_frames) for video in collection.videos] == [
        ("0", (0,), 12),
        ("1", (), None),
    ]
    assert collection.notes == (
        "2 tasks have several annotations; taken is the ground truth, or else the last: 0, 1",
        "1 regions that are no rectangles in videos are left out: 1, choices",
        "2 tasks without annotation are left out: 2, 3",
    )


RESULT = "0.annotations.0.result"


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("0", 5, "task 1: expected a dictionary with 'data', got 5"),
        ("0.data", KeyError, "task 41: expected a dictionary with 'data'"),
        ("0.data", {"video": 3}, "task 41: expected one address of a video file in 'data', got {'video': 3}"),
        ("0.data", {"a": "a.mp4", "b": "b.mp4"}, "task 41: expected one address of a video file in 'data'"),
        ("0.data.video_name", "../x", "task 41: the name must be a path below the folder of the videos"),
        ("0.data.split", 3, "task 41: 'split' must be text, got 3"),
        ("0.annotations", KeyError, "task 41: expected a dictionary with 'annotations'"),
        ("0.annotations.0", 3, "task 41: 'annotation' must be a dictionary, got 3"),
        (RESULT, 3, "task 41: 'result' must be a list, got 3"),
        (RESULT, [], "has no label; name the XML of the labelling interface by label_config"),
        (f"{RESULT}.0", {}, "task 41: expected a dictionary with 'type', got {}"),
        (f"{RESULT}.0.value", KeyError, "task 41: region 'tJhYZ': expected a dictionary with 'value'"),
        (f"{RESULT}.0.value.labels", KeyError, "task 41: region 'tJhYZ': has no label; give it one in Label Studio"),
        (f"{RESULT}.0.value.labels", "walk", "task 41: region 'tJhYZ': 'labels' must be a list, got 'walk'"),
        (f"{RESULT}.0.value.labels.0", 3, "task 41: region 'tJhYZ': 'label' must be text, got 3"),
        (
            f"{RESULT}.0.value.framesCount",
            KeyError,
            "task 41: region 'tJhYZ': expected a dictionary with 'framesCount'",
        ),
        (f"{RESULT}.0.value.framesCount", 9, "task 41: region 'tJhYZ': has a key frame 10, the video has 9 frames"),
        (
            f"{RESULT}.0.value.framesCount",
            2**23,
            "task 41: region 'tJhYZ': 3 boxes need as many frames, ascending whole",
        ),
        (f"{RESULT}.0.value.sequence", [], "task 41: region 'tJhYZ': 'sequence' has no key frame"),
        (f"{RESULT}.0.value.sequence.1.x", "9", "task 41: region 'tJhYZ': sequence[1]['x']: must be a finite number"),
        (f"{RESULT}.0.value.sequence.1.x", KeyError, "task 41: region 'tJhYZ': sequence[1] lacks 'x'"),
        (f"{RESULT}.0.value.sequence.1.width", -1, "task 41: region 'tJhYZ': box 1: expected x1 <= x2"),
        (
            f"{RESULT}.0.value.sequence.1.frame",
            2,
            "task 41: region 'tJhYZ': 2 boxes need as many frames, ascending whole",
        ),
        (
            f"{RESULT}.0.value.sequence.0.frame",
            0,
            "task 41: region 'tJhYZ': 2 boxes need as many frames, ascending whole",
        ),
        (
            f"{RESULT}.0.value.sequence.1.rotation",
            30,
            "task 41: region 'tJhYZ': its box in frame 5 is turned by 30 degrees",
        ),
        (f"{RESULT}.0.value.sequence.1.rotation", "a", "task 41: region 'tJhYZ': rotation: must be a finite number"),
        (
            f"{RESULT}.0.value.sequence.1.enabled",
            "no",
            "task 41: region 'tJhYZ': 'enabled' must be true or false, got 'no'",
        ),
    ],
)
def test_what_is_wrong_is_named_with_file_task_and_region(tmp_path, path, value, reason):
    with pytest.raises(InputError) as raised:
        read(tmp_path, changed(GOOD, path, value))
    assert str(raised.value).startswith(f"{tmp_path / 'export.json'}: {reason}")


def test_a_file_that_is_no_list_and_a_video_of_two_tasks_are_named(tmp_path):
    with pytest.raises(InputError, match=r"'the export' must be a list, got \{\}"):
        read(tmp_path, {})
    with pytest.raises(InputError, match="task 41: video 00 1: is that of another task too"):
        read(tmp_path, GOOD * 2)


@pytest.fixture
def written(tmp_path):
    """Videos, and the collection that was written to ``tasks.json`` as predictions."""
    collection = of_three_videos()
    for video in collection.videos:
        write_video(tmp_path / "videos" / f"{video.video}.avi", moving_square(2))
    assert write_label_studio(tmp_path / "tasks.json", collection, tmp_path / "videos") == ()
    return collection


def test_what_people_find_right_comes_back(tmp_path, written):
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    for task in tasks:
        task["annotations"] = task.pop("predictions")
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    back = LabelStudio("export.json", tmp_path, label_config="tasks.xml").read()
    assert (back.classes, back.notes) == (written.classes, ())
    for one, two in zip(back.videos, written.videos, strict=True):
        assert (one.video, one.split, one.labels) == (two.video, two.split, two.labels)
        assert one.num_frames == (two.num_frames if two.tubes else None)
        for tube, other in zip(one.tubes_at(two.size), two.tubes, strict=True):
            assert (tube.start, tube.end, tube.label) == (other.start, other.end, other.label)
            assert elementwise_iou(tube.boxes, other.boxes).min() >= 0.9


def test_the_tasks_are_of_the_layout_that_label_studio_imports(tmp_path, written):
    """``LabelInterface`` of label-studio-sdk 2.1.2 found nothing wrong with such tasks and this interface."""
    interface = ElementTree.parse(tmp_path / "tasks.xml").getroot()
    assert [label.get("value") for label in interface.iter("Label")] == list(written.classes)
    controls = {element.get("name"): element.tag for element in interface}
    first, second, _ = json.loads((tmp_path / "tasks.json").read_text())
    assert first["data"] == {
        "video": "/data/local-files/?d=jump/1.avi",
        "fps": 25.0,
        "video_name": "jump/1",
        "split": "test",
    }
    assert second["predictions"] == [{"model_version": "mine", "result": []}]
    regions = first["predictions"][0]["result"]
    assert len({each["id"] for each in regions}) == 3
    for each in regions:
        assert (controls[each["from_name"]], controls[each["to_name"]]) == ("VideoRectangle", "Video")
        assert each["type"] == "videorectangle"
        assert (each["value"]["framesCount"], each["value"]["duration"]) == (50, 2.0)
        enabled = [key["enabled"] for key in each["value"]["sequence"]]
        assert enabled == [True] * (len(enabled) - 1) + [False]
    (only,) = regions[2]["value"]["sequence"]
    assert (only["frame"], only["time"], only["rotation"]) == (50, 2.0, 0)


def test_tubes_become_annotations_and_addresses_are_another_if_asked(tmp_path, written):
    address = "https://example.org/"
    write_label_studio(tmp_path / "b.json", written, tmp_path / "videos", address, key="annotations")
    first = json.loads((tmp_path / "b.json").read_text())[0]
    assert first["data"]["video"] == "https://example.org/jump/1.avi"
    assert len(first["annotations"][0]["result"]) == 3
    assert "predictions" not in first


def test_what_label_studio_cannot_play_is_named(tmp_path, written):
    (tmp_path / "videos" / "jump" / "1.avi").unlink()
    with pytest.raises(InputError, match=r"video jump/1: is no file in .*videos, and Label Studio plays files alone"):
        write_label_studio(tmp_path / "b.json", written, tmp_path / "videos")
    with pytest.raises(InputError, match=r"b\.txt: a file of tasks is named ….json"):
        write_label_studio(tmp_path / "b.txt", written, tmp_path / "videos")
    tube = Tube.still([0, 0, 1, 1], 3)
    unknown = VideoCollection("x", ("walk",), (LabelledVideo("none", "train", (0,), None, (9, 9), (tube,)),))
    with pytest.raises(InputError, match="video none: this layout needs 'num_frames', which is not known"):
        write_label_studio(tmp_path / "b.json", unknown, tmp_path / "videos")
    unmarked = VideoCollection("x", ("walk",), (LabelledVideo("a", "train", (0,)),))
    assert write_label_studio(tmp_path / "b.json", unmarked, tmp_path) == (
        "1 videos without annotation are left out: a",
    )

import json
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest

from actorsup.datasets.formats import CVAT, LabelledVideo, VideoCollection, write_cvat
from actorsup.datasets.formats.writing import key_frames
from actorsup.errors import InputError
from actorsup.structures import Tube
from actorsup.structures.boxes import elementwise_iou

from .test_writing import wandering

# As cvat-ai/cvat, cvat/apps/dataset_manager/formats/cvat.py, a01a8a8, writes an export of a task (CVAT for video 1.1).
TASK = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>7</id><name>first try</name><size>12</size><mode>interpolation</mode><overlap>5</overlap>
      <bugtracker></bugtracker><created>2026-01-01</created><subset>Test</subset>
      <start_frame>0</start_frame><stop_frame>11</stop_frame><frame_filter></frame_filter>
      <segments><segment><id>9</id><start>0</start><stop>11</stop></segment></segments>
      <owner><username>ann</username></owner>
      <labels>
        <label><name>walk</name><color>#fa3253</color><type>any</type><attributes></attributes></label>
        <label><name>jump</name><color>#fa3254</color><type>any</type><attributes></attributes></label>
      </labels>
      <original_size><width>320</width><height>240</height></original_size>
      <source>0001.mp4</source>
    </task>
    <dumped>2026-01-02</dumped>
  </meta>
  <track id="0" label="jump" source="manual">
    <box frame="2" keyframe="1" outside="0" occluded="0" xtl="10.00" ytl="20.00" xbr="30.00" ybr="60.00" z_order="0">
      <attribute name="hat">yes</attribute>
    </box>
    <box frame="3" keyframe="0" outside="0" occluded="1" xtl="11.00" ytl="20.00" xbr="31.00" ybr="60.00" z_order="0"/>
    <box frame="4" keyframe="1" outside="0" occluded="0" xtl="12.00" ytl="20.25" xbr="32.00" ybr="60.00" z_order="0"/>
    <box frame="5" keyframe="1" outside="1" occluded="0" xtl="12.00" ytl="20.25" xbr="32.00" ybr="60.00" z_order="0"/>
    <box frame="10" keyframe="1" outside="0" occluded="0" xtl="50.00" ytl="20.00" xbr="70.00" ybr="60.00" z_order="0"/>
    <box frame="11" keyframe="0" outside="0" occluded="0" xtl="50.00" ytl="20.00" xbr="70.00" ybr="60.00" z_order="0"/>
  </track>
</annotations>
"""
BOX = '<box frame="{}" keyframe="1" outside="{}" occluded="0" xtl="{}" ytl="0" xbr="40" ybr="40" z_order="0"/>'


def read(tmp_path, text: str = TASK, **options) -> VideoCollection:
    (tmp_path / "a.xml").write_text(text)
    return CVAT(tmp_path / "a.xml", **options).read()


def with_boxes(*boxes: tuple[int, int, float], meta: str = "") -> str:
    """The task with other boxes: frame, outside and left side."""
    start, end = TASK.index("    <box frame"), TASK.index("  </track>")
    return TASK[:start].replace("<size>", f"{meta}<size>") + "".join(BOX.format(*box) for box in boxes) + TASK[end:]


def test_a_track_is_a_tube_for_each_stretch_in_which_it_is_there(tmp_path):
    collection = read(tmp_path)
    assert (collection.classes, collection.notes) == (("walk", "jump"), ())
    (video,) = collection.videos
    assert (video.video, video.split, video.labels, video.num_frames, video.size) == (
        "0001",
        "test",
        (1,),
        12,
        (320, 240),
    )
    first, second = video.tubes
    assert [(tube.start, tube.end, tube.label, tube.annotated) for tube in video.tubes] == [
        (2, 5, 1, None),
        (10, 12, 1, None),
    ]
    np.testing.assert_array_equal(first.boxes, [[10, 20, 30, 60], [11, 20, 31, 60], [12, 20.25, 32, 60]])
    assert second.boxes[0].tolist() == [50, 20, 70, 60]


def test_frames_that_are_not_listed_are_interpolated_and_not_annotated(tmp_path):
    (tube,) = read(tmp_path, with_boxes((2, 0, 0), (6, 0, 8), (7, 1, 8))).videos[0].tubes
    assert (tube.start, tube.annotated.tolist()) == (2, [True, False, False, False, True])
    assert tube.boxes[:, 0].tolist() == [0, 2, 4, 6, 8]


def test_a_box_that_is_listed_twice_is_one_and_their_order_is_that_of_the_frames(tmp_path):
    (tube,) = read(tmp_path, with_boxes((4, 1, 8), (3, 0, 8), (2, 0, 0), (3, 0, 8), (4, 1, 8))).videos[0].tubes
    assert (tube.start, tube.boxes[:, 0].tolist(), tube.annotated) == (2, [0, 8], None)


def test_a_track_is_there_until_the_frame_in_which_it_is_outside(tmp_path):
    """As CVAT interpolates a file that lists key frames alone, towards the box that is outside."""
    (tube,) = read(tmp_path, with_boxes((2, 0, 0), (6, 1, 8))).videos[0].tubes
    assert (tube.start, tube.boxes[:, 0].tolist()) == (2, [0, 2, 4, 6])


def test_in_a_task_that_skips_frames_outside_begins_with_the_frame_after_the_last_box(tmp_path):
    meta = "<frame_filter>step=5</frame_filter>"
    (video,) = read(
        tmp_path, with_boxes((0, 0, 0), (5, 0, 5), (10, 1, 5), meta=meta).replace("<frame_filter></frame_filter>", "")
    ).videos
    (tube,) = video.tubes
    assert (tube.start, tube.end, video.num_frames) == (0, 6, None)  # how long the video is, the file does not say


@pytest.mark.parametrize(
    ("task", "source", "name"),
    [
        ("walk/0001", "0001.mp4", "walk/0001"),
        ("walk/0001.mp4", "0001.mp4", "walk/0001"),
        ("walk/0002", "0001.mp4", "0001"),
        ("walk/0001.avi", None, "walk/0001"),
        ("a.b", None, "a.b"),
    ],
)
def test_a_video_is_named_by_its_file_or_by_the_task_whose_path_ends_in_it(tmp_path, task, source, name):
    text = TASK.replace("first try", task)
    text = (
        text.replace("0001.mp4</source>", f"{source}</source>")
        if source
        else text.replace("<source>0001.mp4</source>", "")
    )
    assert read(tmp_path, text).videos[0].video == name


def test_older_exports_name_the_file_beside_the_task(tmp_path):
    text = TASK.replace("<source>0001.mp4</source>", "").replace("<dumped>", "<source>0002.avi</source><dumped>")
    assert read(tmp_path, text).videos[0].video == "0002"


def test_the_export_of_a_job_says_nothing_about_the_length_of_the_video(tmp_path):
    (video,) = read(tmp_path, TASK.replace("task>", "job>").replace("<size>12<", "<size>3<")).videos
    assert (video.num_frames, len(video.tubes)) == (None, 2)


def test_splits_are_subsets_unless_one_is_given(tmp_path):
    assert read(tmp_path, split="mine").splits == ("mine",)
    assert read(tmp_path, TASK.replace("<subset>Test</subset>", "")).splits == ("train",)
    assert read(tmp_path, TASK.replace(">Test<", ">Validation<")).splits == ("val",)
    assert read(tmp_path, TASK.replace(">Test<", ">fold 2<")).splits == ("fold 2",)


def test_exports_and_folders_of_them_are_read_alike(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("annotations.xml", TASK)
        archive.writestr("images/frame_000000.png", b"")
    (tmp_path / "deep").mkdir()
    other = TASK.replace("0001.mp4", "0002.mp4").replace("<name>walk<", "<name>sit<")
    (tmp_path / "deep" / "b.xml").write_text(other)
    collection = CVAT(tmp_path).read()
    assert [video.video for video in collection.videos] == ["0001", "0002"]
    assert (collection.classes, [video.labels for video in collection.videos]) == (
        ("walk", "jump", "sit"),
        [(1,), (1,)],
    )
    assert CVAT(tmp_path / "a.zip").read().videos[0].tubes[0].start == 2
    (tmp_path / "deep" / "c.xml").write_text(TASK)
    with pytest.raises(InputError, match=r"c\.xml: video 0001: is in another file too; name each task as its video"):
        CVAT(tmp_path).read()


def test_tracks_of_other_shapes_are_left_out_and_counted(tmp_path):
    polygon = '<track id="5" label="walk"><polygon frame="0" keyframe="1" outside="0" points="0,0;1,1;0,1"/></track>'
    collection = read(tmp_path, TASK.replace("</annotations>", f"{polygon}</annotations>"))
    assert collection.videos[0].labels == (1,)
    assert collection.notes == ("1 tracks of shapes other than boxes are left out: 0001, track 5",)


def test_a_video_without_a_track_was_looked_at(tmp_path):
    text = TASK[: TASK.index("  <track")] + "</annotations>"
    assert (read(tmp_path, text).videos[0].tubes, read(tmp_path, text).videos[0].labels) == ((), ())


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("<annotations>", "<other>", "is not XML (mismatched tag"),
        (TASK, "", "is not XML (no element found"),
        (TASK, "<other/>", "expected <annotations> with <meta> of CVAT, got <other>"),
        ('encoding="utf-8"', 'encoding="nonsense"', "is not XML (unknown encoding"),
        ("<annotations>", '<!DOCTYPE a [<!ENTITY x "y">]><annotations>', "declares <!DOCTYPE a>, which is refused"),
        ("<meta>", "<meta><project/>", "is the export of a project; export its tasks one by one"),
        ("</meta>", "</meta><image/>", "is an export of CVAT for images; export the task as CVAT for video 1.1"),
        ("task>", "tusk>", "<meta> has no <task>"),
        (
            "<original_size><width>320</width><height>240</height></original_size>",
            "",
            "original_size/width: is not there",
        ),
        ("<width>320", "<width>0", "size must be the frames' width and height in pixels, got [0, 240]"),
        ("<size>12<", "<size>1_2<", "size: expected a number, got '1_2'"),
        ("<size>12<", "<size>11<", "track 0: has a box in frame 11, the video has 11 frames"),
        ("<name>walk<", "<name><", "'label' must be text, got ''"),
        ('label="jump"', 'label="sit"', "track 0: its label 'sit' is none of the task's: walk, jump"),
        ('label="jump"', "", "track 0: its label None is none of the task's: walk, jump"),
        ('<box frame="3"', '<box frame="2"', "track 0: has several boxes in frame 2"),
        ('<box frame="2"', '<box frame="-1"', "track 0: 3 boxes need as many frames, ascending whole numbers from 0"),
        ('<box frame="2"', "<box", "track 0: frame: is not there"),
        ('xtl="11.00"', "", "track 0: frame 3: xtl: is not there"),
        ('xtl="11.00"', 'xtl="left"', "track 0: frame 3: xtl: could not convert string to float: 'left'"),
        ('xtl="11.00"', 'xtl="nan"', "track 0: box 1: expected x1 <= x2"),
        ('xtl="11.00"', 'xtl="91.00"', "track 0: box 1: expected x1 <= x2"),
        ('xtl="11.00"', 'rotation="30.00" xtl="11.00"', "track 0: frame 3: its box is turned by 30.00 degrees"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_track(tmp_path, old, new, reason):
    assert old in TASK
    with pytest.raises(InputError) as raised:
        read(tmp_path, TASK.replace(old, new))
    assert str(raised.value).startswith(f"{tmp_path / 'a.xml'}: {reason}")


def test_an_archive_that_is_none_of_cvat_or_damaged_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("task.json", "{}")
    with pytest.raises(InputError, match=r"a\.zip: holds no annotations\.xml; export the task as CVAT for video 1\.1"):
        CVAT(tmp_path / "a.zip").read()
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("annotations.xml", TASK)
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[200:220] = bytes(20)
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.zip: cannot be unpacked"):
        CVAT(tmp_path / "a.zip").read()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty: holds no \.xml or \.zip of CVAT"):
        CVAT(tmp_path / "empty").read()


def of_three_videos() -> VideoCollection:
    trembling = wandering(40, 0, jitter=0.8)  # frames 5 to 44
    sparse = Tube(
        2, np.linspace([1, 2, 10, 20], [5, 6, 14, 24], 9), np.ones(9), 1.0, 1, np.isin(np.arange(9), [0, 3, 8])
    )
    last = Tube.still([1.1, 2.2, 3.3, 4.4], 1, start=49, label=1)
    videos = (
        LabelledVideo("jump/1", "test", (0, 1), 50, (320, 240), (trembling, sparse, last)),
        LabelledVideo("none", "train", (), 50, (320, 240), ()),
        LabelledVideo("walk/1", "val", (0,), 45, (320, 240), (trembling,)),
    )
    return VideoCollection("mine", ("walk & talk", "jump"), videos)


def assert_same(read: VideoCollection, written: VideoCollection) -> None:
    assert read.classes == written.classes
    for one, two in zip(read.videos, written.videos, strict=True):
        assert (one.video, one.split, one.labels, one.num_frames, one.size) == (
            two.video,
            two.split,
            two.labels,
            two.num_frames,
            two.size,
        )
        for tube, other in zip(one.tubes, two.tubes, strict=True):
            assert (tube.start, tube.end, tube.label) == (other.start, other.end, other.label)
            np.testing.assert_array_equal(tube.marked_frames, other.marked_frames)
            np.testing.assert_array_equal(tube.boxes_at(tube.marked_frames), other.boxes_at(other.marked_frames))


def test_what_is_written_is_read_as_it_was(tmp_path):
    written = of_three_videos()
    assert write_cvat(tmp_path, written) == ()
    assert_same(CVAT(tmp_path).read(), written)
    labels = json.loads((tmp_path / "labels.json").read_text())
    assert [label["name"] for label in labels] == ["walk & talk", "jump"]


def test_cvat_imports_few_boxes_between_which_it_interpolates_to_the_same_tubes(tmp_path):
    """CVAT keeps the boxes with ``keyframe`` on, and a track is there until a box outside, or to the last frame."""
    written = of_three_videos()
    write_cvat(tmp_path, written)
    path = tmp_path / "jump" / "1.xml"
    tree = ElementTree.parse(path)
    for track in tree.iterfind("track"):
        assert all(box.get(key) for box in track for key in ("frame", "keyframe", "outside", "occluded", "z_order"))
        for box in [box for box in track if box.get("keyframe") == "0"]:
            track.remove(box)
    trembling = written.videos[0].tubes[0]
    first, _, third = tree.iterfind("track")
    assert len(first) == len(key_frames(trembling)) + 1 < 30
    assert [(box.get("frame"), box.get("outside")) for box in first][-2:] == [("44", "0"), ("45", "1")]
    assert [(box.get("frame"), box.get("outside")) for box in third] == [("49", "0")]  # there is no frame 50
    tree.write(path)
    tubes = CVAT(path).read().videos[0].tubes
    assert [(tube.start, tube.end) for tube in tubes] == [(5, 45), (2, 11), (49, 50)]
    assert 0.9 <= elementwise_iou(tubes[0].boxes, trembling.boxes).min() < 1


def test_the_import_of_fiftyone_reads_the_same_boxes(tmp_path):
    """What ``CVATVideoDatasetImporter`` of fiftyone 1.22.1 gave for this file: frames from 1, whole pixels."""
    tube = Tube(3, [[5.2, 6.9, 16.8, 24.9], [7.1, 8.5, 18.6, 26.1]], [1, 1], 1.0, 0)
    write_cvat(tmp_path, VideoCollection("x", ("jump",), (LabelledVideo("a", "train", (0,), 30, (64, 48), (tube,)),)))
    boxes = list(ElementTree.parse(tmp_path / "a.xml").iter("box"))
    assert [int(box.get("frame")) + 1 for box in boxes if box.get("outside") != "1"] == [4, 5]
    sides = [[round(float(box.get(key))) for key in ("xtl", "ytl", "xbr", "ybr")] for box in boxes[:2]]
    assert [[x / 64, y / 48, (u - x) / 64, (v - y) / 48] for x, y, u, v in sides] == [
        [0.078125, 0.14583333333333334, 0.1875, 0.375],
        [0.109375, 0.16666666666666666, 0.1875, 0.375],
    ]


def test_the_export_of_fiftyone_is_read(tmp_path):
    """As ``CVATVideoDatasetExporter`` of fiftyone 1.22.1 writes it, two frames of a track."""
    text = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
    <version>1.1</version>
    <meta>
        <task>
            <id>1</id>
            <name>walk/0001.avi</name>
            <size>30</size>
            <mode>interpolation</mode>
            <overlap></overlap>
            <bugtracker></bugtracker>
            <flipped>False</flipped>
            <labels>
                <label>
                    <name>walk</name>
                    <attributes>
                    </attributes>
                </label>
            </labels>
            <owner><username></username><email></email></owner>
            <original_size>
                <width>64</width>
                <height>48</height>
            </original_size>
        </task>
        <dumped>2026-11-26T23:59:30.245481</dumped>
    </meta>
    <track id="0" label="walk">
        <box frame="0" xtl="5" ytl="7" xbr="17" ybr="25" outside="0"  occluded="0"  keyframe="1" >
        </box>
        <box frame="1" xtl="6" ytl="8" xbr="19" ybr="27" outside="0"  occluded="0"  keyframe="0" >
        </box>
        <box frame="2" xtl="6" ytl="8" xbr="19" ybr="27" outside="1"  occluded="0"  keyframe="1" >
        </box>
    </track>
</annotations>"""
    (video,) = read(tmp_path, text).videos
    assert (video.video, video.split, video.num_frames, video.size) == ("walk/0001", "train", 30, (64, 48))
    (tube,) = video.tubes
    assert (tube.start, tube.boxes.tolist()) == (0, [[5, 7, 17, 25], [6, 8, 19, 27]])


def test_what_cvat_cannot_hold_is_left_out_or_named(tmp_path):
    unmarked = LabelledVideo("a", "train", (0,))
    notes = write_cvat(tmp_path, VideoCollection("x", ("walk",), (unmarked,)))
    assert notes == ("1 videos without annotation are left out: a",)
    assert [path.name for path in tmp_path.iterdir()] == ["labels.json"]
    for size, num_frames, reason in [
        ((9, 9), None, "video b: this layout needs 'num_frames', which is not known"),
        (None, 9, "video b: this layout needs 'size', which is not known"),
        ((1, 1), 9, "video b: its boxes are shares of the frame, and CVAT needs pixels"),
        ((1, 1), None, "video b: its boxes are shares of the frame, and CVAT needs pixels"),
    ]:
        video = LabelledVideo("b", "train", (), num_frames, size, ())
        with pytest.raises(InputError, match=reason):
            write_cvat(tmp_path, VideoCollection("x", ("walk",), (video,)))

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from actorsup.datasets import AnnotatedVideos
from actorsup.datasets.checking import ListedVideos, check_lists, check_video
from actorsup.datasets.formats import LabelledVideo
from actorsup.datasets.formats.reading import tube_of_frames
from tests.conftest import moving_square, write_video

SIZE = (96, 64)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Six frames of 96×64."""
    return write_video(tmp_path_factory.mktemp("video") / "a.avi", moving_square(6, SIZE))


def annotation(boxes, frames=None, num_frames=6, size=SIZE) -> LabelledVideo:
    frames = np.arange(len(boxes)) if frames is None else frames
    return LabelledVideo("a", "test", (0,), num_frames, size, (tube_of_frames(frames, boxes, 0),))


def found(findings) -> list[tuple[str, bool]]:
    return [(finding.kind, finding.is_error) for finding in findings]


GOOD = [10, 10, 30, 40]


@pytest.mark.parametrize(
    "good",
    [
        None,
        LabelledVideo("a", "test", (0,), 6, None, ()),
        annotation([GOOD] * 6),
        annotation([[0, 0, *SIZE]]),
        annotation([[-1, -1, 97, 65]]),  # what rounding explains
        annotation([[0, 0, 192, 128]], size=(192, 128)),
        annotation([GOOD], num_frames=None),
        annotation([GOOD, [10, 10, 31, 40]], frames=[0, 5]),
    ],
)
def test_nothing_is_found_where_nothing_is_wrong(video, good):
    assert check_video(video, good, None, decode=True) == []


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ([GOOD, [10, 10, 10, 40]], ("degenerate box", True)),
        ([GOOD, [0.1, 0.1, 0.5, 0.6]], ("degenerate box", True)),  # in units of the frame
        ([GOOD, [96, 10, 120, 40]], ("box outside the frame", True)),
        ([GOOD, [80, 10, 130, 40]], ("box outside the frame", True)),
        ([GOOD, [-60, 10, 30, 40]], ("box outside the frame", True)),
        ([GOOD, [60, 10, 100, 40]], ("box leaves the frame", False)),
        ([GOOD, [10, -5, 30, 40]], ("box leaves the frame", False)),
    ],
)
def test_wrong_boxes_are_found_with_their_frame_and_value(video, wrong, expected):
    (finding,) = check_video(video, annotation(wrong), None, decode=True)
    assert (finding.kind, finding.is_error) == expected
    assert finding.where == f"{video}, tube 0"
    assert finding.detail.startswith("1 of 2 boxes, first at frame 1: [")
    assert finding.detail.endswith("in a frame of 96x64")


def test_boxes_are_looked_at_in_pixels_of_the_video(video):
    # 320×240 that were written as 240×320: the boxes leave the frame at the right.
    (aspect, outside) = check_video(video, annotation([[200, 10, 300, 100]], size=(100, 150)), None, decode=True)
    assert found([aspect, outside]) == [
        ("another shape of frames than annotated", False),
        ("box outside the frame", True),
    ]
    assert aspect.detail == "annotated at 100x150, the video is 96x64"


def test_interpolated_boxes_are_not_judged(video):
    # Between the marks the box has no width, because it turns inside out.
    tube = tube_of_frames([0, 4], [GOOD, [50, 10, 70, 40]], 0)
    boxes = tube.boxes.copy()
    boxes[2] = 0
    broken = type(tube)(0, boxes, tube.scores, 1.0, 0, tube.annotated)
    assert check_video(video, LabelledVideo("a", "test", (0,), 6, SIZE, (broken,)), None, decode=True) == []


@pytest.mark.parametrize(
    ("num_frames", "expected"),
    [
        (8, [("another number of frames than annotated", False)]),
        (4, [("another number of frames than annotated", False)]),
        (9, [("another number of frames than annotated", True)]),
        (3, [("another number of frames than annotated", True)]),
    ],
)
def test_another_length_is_found_by_decoding(video, num_frames, expected):
    wrong = annotation([GOOD], num_frames=num_frames)
    findings = check_video(video, wrong, None, decode=True)
    assert found(findings) == expected
    assert findings[0].detail == f"6 frames, annotated were {num_frames}"
    assert check_video(video, wrong, None, decode=False) == []


def test_a_tube_that_the_video_has_no_frames_for_is_found(video):
    (finding,) = check_video(video, annotation([GOOD] * 7, num_frames=None), None, decode=True)
    assert (finding.kind, finding.is_error) == ("tube after the end of the video", True)
    assert finding.detail == "frames 0 … 6, the video has 6"


@pytest.mark.parametrize("decode", [True, False])
def test_an_unreadable_video_is_found(tmp_path, decode):
    path = tmp_path / "a.avi"
    path.write_bytes(b"no video")
    (finding,) = check_video(path, annotation([GOOD]), None, decode)
    assert (finding.kind, finding.where, finding.is_error) == ("unreadable video", str(path), True)
    (tmp_path / "empty").mkdir()
    (finding,) = check_video(tmp_path / "empty", None, None, decode)
    assert finding.kind == "unreadable video"


def listed(name: str, labels: dict, tubes: dict | None = None, classes=("walk", "jump"), num_skipped=0) -> ListedVideos:
    """Videos of these labels, each one or a tuple, all there; ``tubes`` has those of the tubes of annotated ones."""
    annotated = {
        video: tuple(tube_of_frames([0], [GOOD], label) for label in of_video)
        for video, of_video in (tubes or {}).items()
    }
    of_videos = {video: label if isinstance(label, tuple) else (label,) for video, label in labels.items()}
    videos = {
        video: LabelledVideo(video, name, shown, 9, SIZE, annotated.get(video)) for video, shown in of_videos.items()
    }
    return ListedVideos(name, classes, videos, dict.fromkeys(labels, Path("x")), tubes is not None, num_skipped)


TRAIN = {"a": 0, "b": 1}
TEST = {"c": 0, "d": 1}
TUBES = {"c": [0], "d": [1]}


def test_nothing_is_found_in_good_lists():
    assert check_lists([listed("train", TRAIN)], [listed("test", TEST, TUBES)]) == []
    assert check_lists([listed("train", TRAIN)], []) == []
    assert check_lists([], [listed("test", TEST, TUBES)]) == []


@pytest.mark.parametrize(
    ("train", "test", "expected"),
    [
        (
            listed("train", {"a": 0}),
            listed("test", TEST, TUBES),
            [("class without a video for training", "jump", "1 videos and 1 tubes for testing", True)],
        ),
        (
            listed("train", TRAIN),
            listed("test", {"c": 0}, {"c": [0]}),
            [("class without a video for testing", "jump", "1 videos for training", False)],
        ),
        (
            listed("train", TRAIN),
            listed("test", TEST, {"c": [], "d": []}),
            [("no true tube for testing", "test", "recall and mAP would be of nothing", True)],
        ),
        (
            listed("train", TRAIN),
            listed("test", TEST),
            [("testing on labels alone", "test", "no recall and no mAP", False)],
        ),
        (
            listed("train", TRAIN),
            listed("test", TEST, {"c": [0]}),
            [("video without annotation", "d", "test leaves it out", False)],
        ),
        (
            listed("train", TRAIN, classes=("jump", "walk")),
            listed("test", TEST, TUBES),
            [("classes of training and testing differ", "train", "jump, walk; test has walk, jump", True)],
        ),
        (
            listed("train", TRAIN | {"c": 0}),
            listed("test", TEST, TUBES),
            [("video for training and testing", "c", "test", False)],
        ),
        (
            listed("train", TRAIN, num_skipped=7),
            listed("test", TEST, TUBES),
            [("videos left out", "train", "7 listed videos are not there and left out", False)],
        ),
        (
            listed("train", TRAIN),
            listed("test", TEST | {"e": 1}, {"c": [1], "d": [1], "e": [1]}),
            [("no tube has a label of its video", "c", "labels walk, tubes jump", False)],
        ),
        (
            listed("train", TRAIN),
            listed("test", TEST, {"c": [1], "d": [0, 0]}),
            [
                ("no tube has a label of its video", "c", "labels walk, tubes jump", True),
                ("no tube has a label of its video", "d", "labels jump, tubes walk", True),
            ],
        ),
        (
            listed("train", TRAIN),
            listed("test", TEST | {"e": (), "f": (0, 1)}, {"c": [0], "d": [1], "e": [1, 0], "f": [1]}),
            [("no tube has a label of its video", "e", "labels none, tubes jump, walk", False)],
        ),
    ],
)
def test_what_is_wrong_with_lists_is_found(train, test, expected):
    findings = check_lists([train], [test])
    assert [(one.kind, one.where, one.detail, one.is_error) for one in findings] == expected


def test_one_class_alone_is_found():
    alone = dataclasses.replace(listed("train", TRAIN), classes=("run",))
    assert ("one class, nothing to tell apart", True) in found(check_lists([alone], []))


def test_one_class_is_told_apart_from_none():
    assert check_lists([listed("train", {"a": 0, "b": ()}, classes=("run",))], []) == []
    (finding,) = check_lists([listed("train", {"a": 0, "b": 0}, classes=("run",))], [])
    assert (finding.kind, finding.detail) == (
        "one class, nothing to tell apart",
        "only run; add videos of another action, or of none",
    )


def test_an_empty_list_is_found():
    assert ("no video", True) in found(check_lists([listed("train", {})], []))


@pytest.mark.parametrize("missing_videos", ["error", "skip"])
def test_labels_without_videos_are_errors_unless_they_may_be_missing(tmp_path, missing_videos):
    videos = [{"video": name, "split": "train", "labels": ["walk"]} for name in ("one", "two")]
    content = {"format": "actorsup.videos", "version": 2, "name": "x", "classes": ["walk", "run"], "videos": videos}
    (tmp_path / "a.json").write_text(json.dumps(content))
    write_video(tmp_path / "videos" / "one.avi", moving_square(2))
    dataset = AnnotatedVideos(tmp_path, "a.json", missing_videos=missing_videos, lazy_init=True)
    train = ListedVideos.of("train", dataset)
    assert train.annotated == {}
    (finding,) = check_lists([train], [])
    if missing_videos == "error":
        assert train.counts()[-1] == {"class": "all", "videos": 2, "found": 1, "annotated": 0, "tubes": 0}
        assert (finding.kind, finding.where, finding.is_error) == ("label without a video", "two", True)
    else:
        assert train.counts()[-1] == {"class": "all", "videos": 1, "found": 1, "annotated": 0, "tubes": 0}
        assert (finding.kind, finding.is_error) == ("videos left out", False)


def test_counts_are_by_class_and_in_all():
    assert listed("test", TEST | {"e": 1}, {"c": [0, 0, 1], "d": [1]}).counts() == [
        {"class": "walk", "videos": 1, "found": 1, "annotated": 1, "tubes": 2},
        {"class": "jump", "videos": 2, "found": 2, "annotated": 1, "tubes": 2},
        {"class": "all", "videos": 3, "found": 3, "annotated": 2, "tubes": 4},
    ]


def test_a_video_of_several_classes_is_counted_for_each_and_once_in_all():
    several = listed("test", {"c": (0, 1), "d": 1, "e": ()}, {"c": [0, 0, 1], "e": []})
    assert several.counts() == [
        {"class": "walk", "videos": 1, "found": 1, "annotated": 1, "tubes": 2},
        {"class": "jump", "videos": 2, "found": 2, "annotated": 1, "tubes": 1},
        {"class": "all", "videos": 3, "found": 3, "annotated": 2, "tubes": 3},
    ]


def test_tubes_of_classes_that_their_video_is_not_labelled_with_are_found():
    for labels, classes, detail in (
        (0, ("walk", "jump"), "its labels are walk, 2 tubes are of jump"),
        ((0, 2), ("walk", "jump", "run"), "its labels are walk, run, 2 tubes are of jump"),
    ):
        several = listed("test", {"c": labels, "d": 1}, {"c": [0, 1, 1], "d": [1]}, classes)
        train = listed("train", {"a": 0, "b": 1, "z": len(classes) - 1}, classes=classes)
        (finding,) = (each for each in check_lists([train], [several]) if each.kind.startswith("tubes of"))
        assert finding.kind == "tubes of classes that are no label of their video"
        assert (finding.where, finding.detail, finding.is_error) == ("c", detail, False)


def test_tubes_of_all_labels_of_their_video_are_as_they_should_be():
    assert check_lists([listed("train", TRAIN)], [listed("test", {"c": (0, 1)}, {"c": [0, 1, 1]})]) == []


def test_files_of_other_names_that_hold_the_same_are_found(tmp_path):
    contents = {"a": b"one", "b": b"two", "again": b"one", "c": b"three", "d": b"four", "e": b"four"}
    for name, content in contents.items():
        (tmp_path / f"{name}.avi").write_bytes(content)
    train, test = (
        dataclasses.replace(listed(split, names), paths={name: tmp_path / f"{name}.avi" for name in names})
        for split, names in (
            ("train", {"a": (0,), "b": (1,), "d": (0,), "e": (0,)}),
            ("test", {"again": (0,), "c": (1,)}),
        )
    )
    copies = [finding for finding in check_lists([train], [test]) if finding.kind.startswith("same file")]
    assert [(finding.kind, finding.where, finding.detail, finding.is_error) for finding in copies] == [
        ("same file for training and testing", str(tmp_path / "a.avi"), str(tmp_path / "again.avi"), False),
        ("same file under several names", str(tmp_path / "d.avi"), str(tmp_path / "e.avi"), False),
    ]

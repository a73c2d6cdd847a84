import os
from collections import Counter

import cv2
import numpy as np
import pytest

from actorsup.datasets.formats import UCFSports, VideoCollection
from actorsup.datasets.formats.ucf_sports import class_of, first_third, read_box_files
from actorsup.errors import InputError
from actorsup.io.reading import read_lines
from tests.conftest import moving_square, write_video


def convert_ucf_sports(videos, annotations=None, train_list=None, test_list=None, **options) -> VideoCollection:
    return UCFSports(annotations or videos, "", videos, train_list, test_list, **options).read()


def make_clip(root, clip: str, lines, frames=None, suffix=".tif.txt", pattern="2538-5_{}"):
    """A clip with a box file a line, and frames of the given numbers; by default those that have a box."""
    folder = root / clip
    (folder / "gt").mkdir(parents=True)
    for number, line in lines.items():
        (folder / "gt" / f"{pattern.format(number)}{suffix}").write_text(line)
    for number in lines if frames is None else frames:
        cv2.imwrite(str(folder / f"{pattern.format(number)}.jpg"), np.zeros((48, 64, 3), np.uint8))


def lines(numbers, line="5\t17\t20\t10\tdiving") -> dict:
    return dict.fromkeys(numbers, line)


def test_boxes_in_pixels_from_one_become_a_tube_in_those_of_the_video(tmp_path):
    make_clip(tmp_path, "Golf-Swing-Back/001", lines([70001, 70002]))
    write_video(tmp_path / "Diving-Side" / "002" / "x.avi", moving_square(2))
    (tmp_path / "Diving-Side" / "002" / "gt").mkdir()
    for number in (1, 2):
        (tmp_path / "Diving-Side" / "002" / "gt" / f"{number}.jpg.txt").write_text(f" {number} 1 9 9 walking\n")
    collection = convert_ucf_sports(tmp_path)
    diving, golf = collection.videos
    assert collection.notes == (f"{tmp_path} has 2 clips, the release 150",)
    assert collection.classes[:2] == ("Diving", "Golf-Swing")
    assert collection.class_actors == ("person",) * 10
    assert (diving.video, diving.labels, diving.size, diving.num_frames) == ("Diving-Side/002/x", (0,), (96, 64), 2)
    np.testing.assert_array_equal(diving.tubes[0].boxes, [[0, 0, 9, 9], [1, 0, 10, 9]])
    assert (golf.video, golf.labels, golf.size) == ("Golf-Swing-Back/001", (1,), (64, 48))
    np.testing.assert_array_equal(golf.tubes[0].boxes, [[4, 16, 24, 26]] * 2)


def test_a_box_belongs_to_the_frame_of_its_name(tmp_path):
    # The frame 3 has no box file, and by text 10 comes before 9.
    make_clip(tmp_path, "Lifting/001", lines([1, 2, 4, 9]) | lines([10], "1 1 9 9 x"), frames=[1, 2, 3, 4, 9, 10])
    collection = convert_ucf_sports(tmp_path)
    (tube,) = collection.videos[0].tubes
    assert tube.annotated.tolist() == [True, True, False, True, True, True]
    np.testing.assert_array_equal(tube.boxes[-1], [0, 0, 9, 9])
    assert "Lifting/001: 6 frames, 5 of them with a box file" in collection.notes[1]


def test_boxes_without_area_are_none_and_named(tmp_path):
    make_clip(tmp_path, "Run-Side/001", lines([1, 3, 4]) | lines([2], "5 5 0 7 Running") | lines([5], "5 5 7 0 x"))
    collection = convert_ucf_sports(tmp_path)
    (tube,) = collection.videos[0].tubes
    assert (tube.start, tube.end, tube.annotated.tolist()) == (0, 4, [True, False, True, True])
    assert collection.notes[-1].startswith("2 boxes have no area and are taken for none: ")
    assert "Run-Side/001/gt/2538-5_2.tif.txt" in collection.notes[-1]


def test_a_clip_whose_boxes_are_all_empty_holds_no_tube(tmp_path):
    make_clip(tmp_path, "Run-Side/001", lines([1, 2], "5 5 0 0 x"))
    assert convert_ucf_sports(tmp_path).videos[0].tubes == ()


def test_boxes_after_the_end_of_a_video_are_dropped_and_many_of_them_are_an_error(tmp_path):
    make_clip(tmp_path, "Run-Side/001", lines(range(20)), frames=())
    write_video(tmp_path / "Run-Side" / "001" / "a.avi", moving_square(19))
    collection = convert_ucf_sports(tmp_path)
    assert len(collection.videos[0].tubes[0]) == 19
    assert "Run-Side/001: 19 frames, 20 of them" in collection.notes[1]
    write_video(tmp_path / "Run-Side" / "001" / "a.avi", moving_square(15))
    with pytest.raises(InputError, match=r"clip Run-Side/001: has 20 boxes, but .*a\.avi only 15 frames"):
        convert_ucf_sports(tmp_path)


def test_lists_say_what_is_for_testing(tmp_path):
    for clip in ("Lifting/001", "Lifting/002", "Lifting/003"):
        make_clip(tmp_path, clip, lines([1]))
    assert [video.split for video in convert_ucf_sports(tmp_path).videos] == ["test", "train", "train"]
    (tmp_path / "train.txt").write_text("lifting/Lifting/002\n")
    (tmp_path / "test.txt").write_text("Lifting/003\n")
    collection = convert_ucf_sports(tmp_path, None, tmp_path / "train.txt", tmp_path / "test.txt")
    assert [(video.video, video.split) for video in collection.videos] == [
        ("Lifting/002", "train"),
        ("Lifting/003", "test"),
    ]
    assert "1 clips are in no list and left out: Lifting/001" in collection.notes
    for content, reason in (("Lifting/002\n", "listed before"), ("Lifting/009\n", "no such annotated clip")):
        (tmp_path / "test.txt").write_text(content)
        with pytest.raises(InputError, match=rf"test\.txt: 'Lifting/00.': .*{reason}"):
            convert_ucf_sports(tmp_path, None, tmp_path / "train.txt", tmp_path / "test.txt")


def test_missing_videos_are_an_error_or_left_out(tmp_path):
    make_clip(tmp_path / "a", "Lifting/001", lines([1]))
    make_clip(tmp_path / "a", "Lifting/002", lines([1]))
    make_clip(tmp_path / "b", "Lifting/001", lines([1]))
    with pytest.raises(InputError, match="b: 1 clips are missing: Lifting/002; missing_videos='skip'"):
        convert_ucf_sports(tmp_path / "b", tmp_path / "a")
    collection = convert_ucf_sports(tmp_path / "b", tmp_path / "a", missing_videos="skip")
    assert len(collection.videos) == 1
    assert any("1 clips are not in" in note for note in collection.notes)


@pytest.mark.parametrize(
    ("clip", "line", "options", "reason"),
    [
        ("Lifting/001", "5 17 20 -10 x", {}, "clip Lifting/001: .*expected 'x y w h label', got '5 17 20 -10 x'"),
        ("Lifting/001", "5 17 nan 10 x", {}, "expected 'x y w h label'"),
        ("Juggling/001", "5 17 20 10 x", {}, "clip Juggling/001: its group is none of Diving-Side, "),
        ("Lifting/gt", "5 17 20 10 x", {"missing_videos": "ignore"}, "'error' or 'skip', got 'ignore'"),
    ],
)
def test_a_wrong_clip_is_an_error_with_file_and_value(tmp_path, clip, line, options, reason):
    make_clip(tmp_path, clip, lines([1], line))
    with pytest.raises(InputError, match=reason):
        convert_ucf_sports(tmp_path, **options)


def test_a_folder_without_annotation_is_an_error(tmp_path):
    with pytest.raises(InputError, match="holds no <group>/<clip>/gt/<frame>"):
        convert_ucf_sports(tmp_path)


def test_the_real_clips_split_into_the_published_numbers(data_root):
    root = data_root / "ucf_sports"
    splits = first_third(read_box_files(root / "Annotations.tar.gz"))
    assert Counter(splits.values()) == {"train": 103, "test": 47}
    test = Counter(class_of(clip) for clip, split in splits.items() if split == "test")
    assert test == {
        "Walk": 7,
        "Golf-Swing": 6,
        "Kicking": 6,
        "Swing-Bench": 6,
        "Diving": 4,
        "Riding-Horse": 4,
        "Run": 4,
        "SkateBoarding": 4,
        "Swing-Side": 4,
        "Lifting": 2,
    }
    for name in ("train", "test"):
        listed = {"/".join(line.split("/")[-2:]) for _, line in read_lines(root / "splits" / f"{name}.txt")}
        assert {clip for clip, split in splits.items() if split == name} == listed


def test_the_real_annotation_makes_a_tube_a_clip_and_its_four_empty_boxes_are_named(data_root, tmp_path):
    annotations = data_root / "ucf_sports" / "Annotations.tar.gz"
    frame = tmp_path / "frame.png"
    cv2.imwrite(str(frame), np.zeros((576, 720, 3), np.uint8))
    num_files = 0
    for clip, files in read_box_files(annotations).items():
        (tmp_path / "videos" / clip).mkdir(parents=True)
        num_files += len(files)
        for file in files:
            os.link(frame, tmp_path / "videos" / clip / f"{file.frame}.png")
    collection = convert_ucf_sports(tmp_path / "videos", annotations)
    assert (len(collection.videos), len(collection.classes)) == (150, 10)
    assert [len(video.tubes) for video in collection.videos] == [1] * 150
    num_boxes = sum(
        len(tube) if tube.annotated is None else tube.annotated.sum()
        for video in collection.videos
        for tube in video.tubes
    )
    assert num_boxes == num_files - 4
    (note,) = collection.notes
    assert note.startswith("4 boxes have no area and are taken for none: ")
    for place in ("Run-Side/002", "SkateBoarding-Front/006", "Walk-Front/001"):
        assert place in note


def test_the_real_diving_video_has_its_tube(data_root):
    root = data_root / "ucf_sports"
    collection = convert_ucf_sports(root / "videos", root / "Annotations.tar.gz", missing_videos="skip")
    (video,) = collection.videos
    assert (video.video, video.split, video.num_frames, video.size) == ("Diving-Side/001/001", "test", 55, (720, 404))
    np.testing.assert_array_equal(video.tubes[0].boxes[0], [329, 65, 524, 372])
    assert len(video.tubes[0]) == 55

import numpy as np
import pytest

from actorsup.datasets.formats import AVA
from actorsup.errors import InputError

# The layout of ava_val_v2.2.csv.
ROWS = """\
-5KQ66BBWC4,0902,0.077,0.151,0.283,0.811,80,1
-5KQ66BBWC4,0902,0.077,0.151,0.283,0.811,9,1
-5KQ66BBWC4,0902,0.226,0.032,0.366,0.497,12,0
-5KQ66BBWC4,0903,0.079,0.150,0.285,0.810,9,1
-5KQ66BBWC4,0906,0.079,0.150,0.285,0.810,9,1
1j20qq1JyX4,0910,0.002,0.118,0.714,0.977,12,0
"""
# As ava_action_list_v2.2.pbtxt and as ava_action_list_v2.2_for_activitynet_2019.pbtxt are written.
LABELS = 'label {\n  name: "fall down"\n  label_id: 9\n  label_type: PERSON_MOVEMENT\n}\nlabel {\n  name: "stand"\n'
LABELS += "  label_id: 12\n  label_type: PERSON_MOVEMENT\n}\n"
ITEMS = 'item {\n  name: "fall down"\n  id: 9\n}\nitem {\n  name: "stand"\n  id: 12\n}\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ava.csv").write_text(ROWS)
    (tmp_path / "map.pbtxt").write_text(LABELS)
    return tmp_path


@pytest.mark.parametrize("label_map", [LABELS, ITEMS])
def test_keyframes_of_a_person_one_second_apart_are_one_sparse_tube_of_each_action(folder, label_map):
    (folder / "map.pbtxt").write_text(label_map)
    collection = AVA("ava.csv", folder, label_map="map.pbtxt").read()
    assert collection.classes == ("fall down", "stand")
    first, second = collection.videos
    assert (first.video, first.labels, first.size) == ("-5KQ66BBWC4", (0, 1), (1, 1))
    assert second.labels == (1,)
    falls, stands, falls_again = sorted(first.tubes, key=lambda tube: (tube.start, tube.label))
    assert [tube.label for tube in (falls, stands, falls_again)] == [0, 1, 0]
    assert falls.start == 60  # second 902, two after the clip begins, 30 frames each
    assert falls.marked_frames.tolist() == [60, 90]
    assert np.allclose(falls.boxes_at([60, 75, 90])[:, 0], [0.077, 0.078, 0.079])
    assert stands.marked_frames.tolist() == [60]
    assert falls_again.marked_frames.tolist() == [180]  # three seconds without it between


def test_boxes_are_scaled_to_the_pixels_of_the_video(folder):
    _, video = AVA("ava.csv", folder, label_map="map.pbtxt").read().videos
    (tube,) = video.tubes_at((400, 300))
    assert np.allclose(tube.boxes[0], [0.8, 35.4, 285.6, 293.1], atol=1e-3)


def test_actions_that_the_label_map_lacks_are_left_out_and_told(folder):
    assert AVA("ava.csv", folder, label_map="map.pbtxt").read().notes == (
        "1 actions are not in the label map, their rows are left out: 80",
    )
    assert AVA("ava.csv", folder).read().classes == ("action 9", "action 12", "action 80")


def test_excluded_keyframes_are_left_out_and_a_video_may_show_nothing(folder):
    (folder / "excluded.csv").write_text("1j20qq1JyX4,0910\n-5KQ66BBWC4,0902\n")
    options = {"label_map": "map.pbtxt", "excluded_timestamps": "excluded.csv"}
    first, second = AVA("ava.csv", folder, **options).read().videos
    assert sorted(tube.start for tube in first.tubes) == [90, 180]
    assert (second.labels, second.tubes) == ((), ())


def test_kinetics_has_keyframes_without_a_box_and_videos_that_begin_at_their_own_second(tmp_path):
    (tmp_path / "k.csv").write_text("abc,5.5,0.1,0.1,0.5,0.5,9\nxyz,4,,,,,\n")
    first, second = AVA("k.csv", tmp_path, first_second=0.0, frame_rate=10.0, split="train").read().videos
    assert (first.split, first.tubes[0].start, len(first.tubes[0])) == ("train", 55, 1)
    assert second.tubes == ()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("v,0902,0.1,0.1,0.5,0.5", r"line 2: expected video, second.* got 6 cells"),
        ("v,0899,0.1,0.1,0.5,0.5,9,0", r"line 2: second 0899 is before the video, which begins at 900"),
        ("v,0902,10,10,50,50,9,0", r"line 2: boxes are .* shares of the frame"),
        ("v,0902,0.5,0.1,0.1,0.5,9,0", r"line 2: boxes are x1 <= x2"),
        ("v,0902,nan,0.1,0.1,0.5,9,0", r"line 2: boxes are x1 <= x2"),
        ("v,0902,0.1,0.1,0.5,0.5,nine,0", r"line 2: invalid literal"),
        ("1j20qq1JyX4,0910,0.2,0.1,0.7,0.9,12,0", r"line 2: person 0 has action 12 in this keyframe already"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, row, message):
    (tmp_path / "ava.csv").write_text(ROWS.splitlines()[-1] + "\n" + row + "\n")
    with pytest.raises(InputError, match=rf"ava\.csv, {message}"):
        AVA("ava.csv", tmp_path).read()


@pytest.mark.parametrize(
    ("label_map", "message"),
    [
        ("", r"map\.pbtxt: lists no action"),
        ('item { name: "a" }', r"map\.pbtxt: expected a name and an id in each item"),
        ('item { name: "a" id: 1 } item { name: "b" id: 1 }', r"map\.pbtxt: names the id 1 several times"),
    ],
)
def test_a_wrong_label_map_is_named(folder, label_map, message):
    (folder / "map.pbtxt").write_text(label_map)
    with pytest.raises(InputError, match=message):
        AVA("ava.csv", folder, label_map="map.pbtxt").read()

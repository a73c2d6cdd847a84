"""Files of boxes, folders of sequences, and GOT-10k and ALOV++ in small."""

import re

import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.registry import DATASETS
from actorsup.trackers.training_data import ALOV, GOT10k, SequenceFolder, read_box_file

from .layouts import square_boxes, write_frames, write_sequence


def write_boxes(tmp_path, text: str):
    path = tmp_path / "groundtruth.txt"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "line", ["11,21,30.5,40", "11, 21, 30.5, 40", "11\t21\t30.5\t40", "11 21  30.5 40", "11;21;30.5;40"]
)
def test_widths_and_heights_become_corners_counted_from_0(tmp_path, line):
    np.testing.assert_array_equal(read_box_file(write_boxes(tmp_path, line + "\n")), [[10, 20, 40.5, 60]])
    np.testing.assert_array_equal(read_box_file(write_boxes(tmp_path, line), first_pixel=0), [[11, 21, 41.5, 61]])


def test_a_polygon_becomes_the_smallest_upright_box_around_it(tmp_path):
    corners = [(30, 10), (60, 25), (50, 70), (20, 55)]
    text = ",".join(str(number) for corner in corners for number in corner)
    np.testing.assert_array_equal(read_box_file(write_boxes(tmp_path, text)), [[19, 9, 59, 69]])


def test_no_area_and_nan_mean_that_there_is_no_target(tmp_path):
    boxes = read_box_file(write_boxes(tmp_path, "1,1,5,5\n0,0,0,0\nNaN,NaN,NaN,NaN\n9,9,4,0\n2,2,5,5\n\n"))
    assert np.isnan(boxes).all(axis=1).tolist() == [False, True, True, True, False]
    np.testing.assert_array_equal(boxes[-1], [1, 1, 6, 6])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,2,3", "got 3 numbers"),
        ("1,2,3,4,5,6", "got 6 numbers"),
        ("", "got 0 numbers"),
        ("1,2,x,4", "could not convert string to float: 'x'"),
        ("1,2,-3,4", "must not be negative"),
        ("1,2,nan,4", "finite numbers"),
        ("1,2,inf,4", "finite numbers"),
    ],
)
def test_a_broken_line_is_named_with_its_file_and_number(tmp_path, line, reason):
    path = write_boxes(tmp_path, f"1,2,3,4\n{line}\n1,2,3,4\n")
    with pytest.raises(InputError, match=rf"{re.escape(str(path))}, line 2: {line!r}: .*{reason}"):
        read_box_file(path)


def test_a_file_that_is_missing_empty_or_no_text_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.txt: cannot be read"):
        read_box_file(tmp_path / "absent.txt")
    with pytest.raises(InputError, match="holds no box"):
        read_box_file(write_boxes(tmp_path, "\n"))
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match=r"binary\.txt: is not a text file"):
        read_box_file(tmp_path / "binary.txt")


@pytest.fixture
def folder(tmp_path):
    write_sequence(tmp_path / "cat", 5)
    write_sequence(tmp_path / "dog", 4, frames="img")
    (tmp_path / "readme").mkdir()
    return tmp_path


def test_folders_are_read_wherever_their_frames_lie(folder):
    source = DATASETS.build({"type": "SequenceFolder", "root": str(folder)})
    assert source.names == ("cat", "dog")
    for sequence, num_frames in zip(source, (5, 4), strict=True):
        np.testing.assert_array_equal(sequence.boxes, square_boxes(num_frames))
        frames = np.stack(list(sequence.frames))
        # Where the box is, the frame is red.
        for frame, box in zip(frames, sequence.boxes.astype(int), strict=True):
            assert frame[box[1] : box[3], box[0] : box[2], 0].min() >= 175
            assert (frame[..., 0] >= 175).sum() == 400


def test_one_sequence_alone_and_a_choice_can_be_named(folder):
    assert [sequence.name for sequence in SequenceFolder(folder / "dog")] == ["dog"]
    assert SequenceFolder(folder, sequences=["dog"]).names == ("dog",)
    assert SequenceFolder(folder, first_pixel=0)[0].boxes[0].tolist() == [5, 17, 25, 37]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sequences": ["bird"]}, "has no sequence bird; its 2 are cat, dog"),
        ({"sequences": []}, "none was chosen"),
        ({"first_pixel": 2}, "first_pixel must be 0 or 1, got 2"),
    ],
)
def test_options_that_cannot_be_met_are_refused(folder, options, message):
    with pytest.raises(InputError, match=message):
        SequenceFolder(folder, **options)


def test_missing_and_empty_roots_are_named(tmp_path):
    with pytest.raises(InputError, match="absent: no such folder"):
        SequenceFolder(tmp_path / "absent")
    with pytest.raises(InputError, match="holds no sequence"):
        SequenceFolder(tmp_path)


def test_frames_and_boxes_that_do_not_belong_together_are_refused(folder):
    (folder / "cat" / "00000005.png").unlink()
    with pytest.raises(InputError, match=r"groundtruth\.txt: has 5 boxes, .*cat holds 4 frames"):
        SequenceFolder(folder)[0]
    write_frames(folder / "dog" / "other", 4)
    with pytest.raises(InputError, match=r"dog: expected frames in it or in one subfolder, found them in img, other"):
        SequenceFolder(folder)[1]
    for path in folder.glob("cat/*.png"):
        path.unlink()
    with pytest.raises(InputError, match="found them in none"):
        SequenceFolder(folder)[0]


def test_a_sequence_without_any_target_is_refused(folder):
    (folder / "cat" / "groundtruth.txt").write_text("0,0,0,0\n" * 5)
    with pytest.raises(InputError, match=r"groundtruth\.txt: cat: none of its 5 frames is annotated"):
        SequenceFolder(folder)[0]


def test_the_vot_sequence_is_read_as_its_toolkit_does(data_root):
    (sequence,) = SequenceFolder(data_root / "tracking", sequences=["vot15_bag"])
    assert len(sequence) == 196
    assert sequence.annotated.all()
    # Its first line is 291.827,203.603,396.382,264.289,442.173,185.397,337.618,124.711.
    np.testing.assert_allclose(sequence.boxes[0], [290.827, 123.711, 441.173, 263.289], atol=1e-3)
    assert sequence.frames[195].shape == (360, 480, 3)


@pytest.fixture
def got10k(tmp_path):
    for number, num_frames in ((1, 4), (2, 3)):
        write_sequence(tmp_path / f"GOT-10k_Val_{number:06d}", num_frames)
    (tmp_path / "list.txt").write_text("GOT-10k_Val_000002\nGOT-10k_Val_000001\n")
    return tmp_path


def test_got10k_is_read_in_the_order_of_its_list(got10k):
    source = GOT10k(got10k)
    assert source.names == ("GOT-10k_Val_000002", "GOT-10k_Val_000001")
    np.testing.assert_array_equal(source[1].boxes, square_boxes(4))
    assert len(source[0].frames) == 3


def test_got10ks_absent_targets_have_no_box(got10k):
    (got10k / "GOT-10k_Val_000001" / "absence.label").write_text("0\n1\n1\n0\n")
    boxes = GOT10k(got10k, sequences=["GOT-10k_Val_000001"])[0].boxes
    assert np.isnan(boxes).all(axis=1).tolist() == [False, True, True, False]
    np.testing.assert_array_equal(boxes[3], square_boxes(4)[3])


@pytest.mark.parametrize(
    ("text", "message"), [("0\n2\n0\n0\n", r"absence\.label, line 2: '2'"), ("0\n0\n", "has 2 lines, .* 4")]
)
def test_got10ks_broken_absence_is_named(got10k, text, message):
    (got10k / "GOT-10k_Val_000001" / "absence.label").write_text(text)
    with pytest.raises(InputError, match=message):
        GOT10k(got10k)[1]


def test_got10ks_test_split_has_no_truth_to_measure_with(got10k):
    (got10k / "GOT-10k_Val_000001" / "groundtruth.txt").write_text("5,17,20,20\n")
    with pytest.raises(InputError, match=r"has 1 boxes, .* holds 4 frames.*test sequence"):
        GOT10k(got10k)[1]


@pytest.fixture
def alov(tmp_path):
    write_frames(tmp_path / "imagedata++" / "01-Light" / "01-Light_video00001", 7)
    annotations = tmp_path / "alov300++_rectangleAnnotation_full" / "01-Light"
    annotations.mkdir(parents=True)
    lines = []
    for frame in (1, 6):
        x1, y1, x2, y2 = square_boxes(7)[frame - 1] + 1
        lines.append(f"{frame} {x1} {y2} {x2} {y2} {x2} {y1} {x1} {y1}")
    (annotations / "01-Light_video00001.ann").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_alov_has_boxes_in_the_frames_that_its_file_names(alov):
    (sequence,) = ALOV(alov)
    assert sequence.name == "01-Light/01-Light_video00001"
    assert np.flatnonzero(sequence.annotated).tolist() == [0, 5]
    np.testing.assert_array_equal(sequence.boxes[[0, 5]], square_boxes(7)[[0, 5]])
    assert len(sequence.frames) == 7


@pytest.mark.parametrize(
    "line", ["8 1 1 2 1 2 2 1 2", "0 1 1 2 1 2 2 1 2", "1.5 1 1 2 1 2 2 1 2", "2 1 1 2 2", "2 1 1 2 1 2 2 1 inf"]
)
def test_alovs_broken_line_is_named(alov, line):
    path = next(alov.glob("*/*/*.ann"))
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(InputError, match=rf"video00001\.ann, line 3: '{line}'"):
        ALOV(alov)[0]

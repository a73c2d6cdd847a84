import re

import numpy as np
import pytest

from actorsup.datasets.tracking import read_box_file
from actorsup.errors import InputError


def write(tmp_path, text: str):
    path = tmp_path / "groundtruth.txt"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "line", ["11,21,30.5,40", "11, 21, 30.5, 40", "11\t21\t30.5\t40", "11 21  30.5 40", "11;21;30.5;40"]
)
def test_widths_and_heights_become_corners_counted_from_0(tmp_path, line):
    np.testing.assert_array_equal(read_box_file(write(tmp_path, line + "\n")), [[10, 20, 40.5, 60]])
    np.testing.assert_array_equal(read_box_file(write(tmp_path, line), first_pixel=0), [[11, 21, 41.5, 61]])


def test_a_polygon_becomes_the_smallest_upright_box_around_it(tmp_path):
    corners = [(30, 10), (60, 25), (50, 70), (20, 55)]
    text = ",".join(str(number) for corner in corners for number in corner)
    np.testing.assert_array_equal(read_box_file(write(tmp_path, text)), [[19, 9, 59, 69]])


def test_no_area_and_nan_mean_that_there_is_no_target(tmp_path):
    boxes = read_box_file(write(tmp_path, "1,1,5,5\n0,0,0,0\nNaN,NaN,NaN,NaN\n9,9,4,0\n2,2,5,5\n\n"))
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
    path = write(tmp_path, f"1,2,3,4\n{line}\n1,2,3,4\n")
    with pytest.raises(InputError, match=rf"{re.escape(str(path))}, line 2: {line!r}: .*{reason}"):
        read_box_file(path)


def test_a_file_that_is_missing_empty_or_no_text_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.txt: cannot be read"):
        read_box_file(tmp_path / "absent.txt")
    with pytest.raises(InputError, match="holds no box"):
        read_box_file(write(tmp_path, "\n"))
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match=r"binary\.txt: is not a text file"):
        read_box_file(tmp_path / "binary.txt")

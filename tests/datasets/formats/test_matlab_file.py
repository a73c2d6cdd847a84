import struct
from contextlib import suppress

import numpy as np
import pytest
from scipy.io import savemat

from actorsup.datasets.formats.matlab_file import read_matlab
from actorsup.datasets.formats.thumos13 import read_ucf101_annotation
from actorsup.errors import InputError

from ..conftest import CLASSES

BIKING = "Biking/v_Biking_g01_c01"


def records(entries: list[dict], fields: str) -> np.ndarray:
    """A struct array as Matlab keeps it: every value is an array of its own."""
    array = np.empty(len(entries), dtype=[(key, object) for key in fields.split()])
    for index, entry in enumerate(entries):
        array[index] = tuple(entry[key] for key in fields.split())
    return array


def tube(**changes) -> dict:
    boxes = np.tile(np.array([201, 101, 100, 60], np.uint8), (3, 1))
    return {"sf": 5.0, "ef": np.uint8(7), "class": np.uint8(3), "boxes": boxes, **changes}


def write(path, *tubes, variable="annot", length="num_imgs", name=BIKING, fields="sf ef class boxes", **changes):
    video = {"name": name, length: np.uint8(12), "tubes": records(tubes, fields), **changes}
    savemat(path, {variable: records([video], f"name {length} tubes")})
    return path


@pytest.mark.parametrize(("variable", "length"), [("annot", "num_imgs"), ("videos", "num_images")])
def test_frames_pixels_and_classes_from_one_become_continuous_and_from_zero(tmp_path, variable, length):
    path = write(
        tmp_path / "a.mat",
        tube(),
        tube(sf=np.uint16(12), ef=12, boxes=[[1, 1, 320, 240]]),
        variable=variable,
        length=length,
    )
    annotation = read_ucf101_annotation(path, CLASSES)[BIKING]
    first, second = annotation.tubes
    assert (annotation.num_frames, annotation.labels, annotation.size) == (12, (2,), (320, 240))
    assert (first.start, first.end, first.label) == (4, 7, 2)
    np.testing.assert_array_equal(first.boxes, [[200, 100, 300, 160]] * 3)
    assert (second.start, second.end) == (11, 12)
    np.testing.assert_array_equal(second.boxes, [[0, 0, 320, 240]])


def test_a_video_without_tubes_is_annotated_and_holds_none(tmp_path):
    path = write(tmp_path / "a.mat", tubes=np.empty((0, 0)))
    assert read_ucf101_annotation(path, CLASSES)[BIKING].tubes == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"class": 4}, f"video {BIKING}: tube 0: label 3, the video has label 2"),
        ({"sf": 0}, f"video {BIKING}: tube 0: sf = -1 and ef = 7 are no range"),
        ({"ef": 13}, f"video {BIKING}: tube 0: sf = 4 and ef = 13 are no range"),
        ({"sf": 1.5}, "video number 1: 'sf' must be a whole number, got 1.5"),
        ({"sf": np.nan}, "video number 1: 'sf' must be a whole number, got nan"),
        ({"sf": np.inf}, "video number 1: 'sf' must be a whole number, got inf"),
        ({"sf": "five"}, "video number 1: 'sf' must be a whole number, got 'five'"),
        ({"sf": [1, 2]}, "video number 1: 'sf' must be a whole number, got array([[1, 2]]"),
        ({"boxes": [[1, 1, 0, 5]] * 3}, f"video {BIKING}: tube 0: frame 4: box"),
        ({"boxes": "none"}, f"video {BIKING}: tube 0: expected rows of 4 numbers"),
    ],
)
def test_a_wrong_tube_is_an_error_with_file_video_and_value(tmp_path, changes, reason):
    path = write(tmp_path / "wrong.mat", tube(**changes))
    with pytest.raises(InputError) as raised:
        read_ucf101_annotation(path, CLASSES)
    assert str(raised.value).startswith(f"{path}: {reason}")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "Cycling/v_x"}, "'Cycling' is none of the 24 classes"),
        ({"tubes": np.ones(3)}, "'a struct array' must be a list, got array([[1."),
        ({"fields": "sf ef boxes"}, "expected a dictionary with 'class', got {"),
        ({"num_imgs": []}, "'num_imgs' must be a whole number, got array([]"),
    ],
)
def test_a_wrong_video_is_an_error_with_its_number_and_value(tmp_path, changes, reason):
    path = write(tmp_path / "wrong.mat", tube(), **changes)
    with pytest.raises(InputError) as raised:
        read_ucf101_annotation(path, CLASSES)
    assert str(raised.value).startswith(f"{path}: video number 1: {reason}")


def test_a_video_that_is_there_twice_is_an_error(tmp_path):
    video = {"name": BIKING, "num_imgs": 12, "tubes": records([tube()], "sf ef class boxes")}
    savemat(tmp_path / "twice.mat", {"annot": records([video, video], "name num_imgs tubes")})
    with pytest.raises(InputError, match=f"video {BIKING}: is there several times"):
        read_ucf101_annotation(tmp_path / "twice.mat", CLASSES)


def test_what_is_no_such_matlab_file_is_an_error_that_names_it(tmp_path):
    (tmp_path / "text.mat").write_bytes(b"MATLAB")
    for name in ("text.mat", "absent.mat"):
        with pytest.raises(InputError, match=rf"{name}: cannot be read"):
            read_ucf101_annotation(tmp_path / name, CLASSES)
    savemat(tmp_path / "other.mat", {"boxes": np.ones(3)})
    with pytest.raises(InputError, match=r"other\.mat: expected a variable named annot or videos"):
        read_ucf101_annotation(tmp_path / "other.mat", CLASSES)


def test_the_real_pickle_and_matlab_file_agree_box_by_box(data_root):
    pickled = read_ucf101_annotation(data_root / "thumos13" / "pyannot.pkl", CLASSES)
    matlab = read_ucf101_annotation(data_root / "thumos13" / "finalAnnots.mat", CLASSES)
    assert pickled.keys() == matlab.keys()
    assert sum(len(annotation.tubes) for annotation in matlab.values()) == 4458
    for video, annotation in pickled.items():
        other = matlab[video]
        assert (other.num_frames, other.labels, other.size) == (annotation.num_frames, annotation.labels, (320, 240))
        for one, two in zip(annotation.tubes, other.tubes, strict=True):
            assert (one.start, one.label) == (two.start, two.label)
            np.testing.assert_array_equal(one.boxes, two.boxes)


def test_the_real_older_annotation_holds_its_published_numbers(data_root):
    older = read_ucf101_annotation(data_root / "thumos13" / "annot_apt.mat", CLASSES)
    assert (len(older), sum(len(annotation.tubes) for annotation in older.values())) == (3204, 4205)


def test_no_wrong_byte_crashes_the_reader_or_gives_another_error(tmp_path):
    """scipy's reader ends the process at some of them."""
    path = write(tmp_path / "a.mat", tube())
    good = path.read_bytes()
    for place in range(124, len(good)):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0x1D]) + good[place + 1 :])
        with suppress(InputError):
            read_ucf101_annotation(path, CLASSES)


def test_what_is_compressed_has_a_limit(tmp_path, monkeypatch):
    savemat(tmp_path / "a.mat", {"annot": np.zeros((1000, 1000))}, do_compression=True)
    monkeypatch.setattr("actorsup.datasets.formats.matlab_file.MAX_BYTES", 10**6)
    with pytest.raises(InputError, match=r"a\.mat: cannot be read as a Matlab file \(more than 1000000 bytes"):
        read_matlab(tmp_path / "a.mat")


def test_cells_and_texts_and_numbers_of_either_byte_order_are_read(tmp_path):
    numbers = np.array([[1, 2, 3], [4, 5, 6]], np.int16)
    savemat(tmp_path / "a.mat", {"cells": np.array([["é", 2.5], [numbers, "x"]], object), "empty": ""})
    read = read_matlab(tmp_path / "a.mat")
    assert (read["cells"][0], read["cells"][2:], read["empty"]) == ("é", [2.5, "x"], "")
    np.testing.assert_array_equal(read["cells"][1], numbers)
    big = [struct.pack(">II", 14, 56), struct.pack(">4I", 6, 8, 6, 0), struct.pack(">4I", 5, 8, 1, 1)]
    big += [struct.pack(">HH4s", 1, 1, b"a"), struct.pack(">IId", 9, 8, 2.5)]
    (tmp_path / "big.mat").write_bytes(b" " * 124 + b"\x01\x00MI" + b"".join(big))
    assert read_matlab(tmp_path / "big.mat") == {"a": 2.5}

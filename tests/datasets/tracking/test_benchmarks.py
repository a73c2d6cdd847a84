"""GOT-10k and ALOV++, in small."""

import numpy as np
import pytest

from actorsup.datasets.tracking import ALOV, GOT10k
from actorsup.errors import InputError

from .layouts import square_boxes, write_frames, write_sequence


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

import copy

import numpy as np
import pytest

from actorsup.datasets.formats import LabelledVideo
from actorsup.datasets.formats.thumos13 import read_split_list, read_ucf101_annotation
from actorsup.errors import InputError

from ..conftest import CLASSES, make_tube, pyannot_entry, write_pickle

BIKING = "Biking/v_Biking_g01_c01"


def test_one_based_pixels_become_continuous_coordinates_without_overflow(tmp_path):
    # Pixel columns 201 to 300 (from 1) reach from 200 to 300; 201 + 100 does not fit into uint8.
    entry = pyannot_entry(2, num_frames=20, first=3, end=5, box=(201, 11, 100, 30))
    annotation = read_ucf101_annotation(write_pickle(tmp_path / "a.pkl", {np.str_(BIKING): entry}), CLASSES)[BIKING]
    (tube,) = annotation.tubes
    assert (tube.start, tube.end, tube.label) == (3, 5, 2)
    np.testing.assert_array_equal(tube.boxes, [[200, 10, 300, 40]] * 2)
    assert (annotation.num_frames, annotation.labels, annotation.size) == (20, (2,), (320, 240))


def _with(path: str, value) -> dict:
    """The small entry with one value changed; the path is like ``annotations.0.sf``."""
    entry = copy.deepcopy(pyannot_entry(2))
    *parents, last = path.split(".")
    place = entry
    for key in parents:
        place = place[int(key) if key.isdigit() else key]
    if value is KeyError:
        del place[last]
    else:
        place[last] = value
    return entry


GOOD = np.tile(np.array([201, 101, 100, 60], np.float64), (7, 1))


def _with_box(box) -> dict:
    boxes = GOOD.copy()
    boxes[3] = box
    return _with("annotations.0.boxes", boxes)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (_with("label", 24), r"label 24 is outside 0\.\.23"),
        (_with("label", -1), r"label -1 is outside 0\.\.23"),
        (_with("label", 3), "label 3 is CliffDiving, which is not the video's folder"),
        (_with("label", 2.0), "'label' must be a whole number, got 2.0"),
        (_with("label", True), "'label' must be a whole number, got True"),
        (_with("numf", KeyError), "expected a dictionary with 'numf'"),
        (_with("annotations", 5), "'annotations' must be a list, got 5"),
        (_with("annotations.0.label", 1), "tube 0: label 1, the video has label 2"),
        (_with("annotations.0.sf", -1), "tube 0: sf = -1 and ef = 9"),
        (_with("annotations.0.sf", 9), "tube 0: sf = 9 and ef = 9"),
        (_with("annotations.0.ef", 13), "sf = 2 and ef = 13 are no range within the video's 12 frames"),
        (_with("annotations.0.ef", 8), "need 6 boxes, got 7"),
        (_with("annotations.0.boxes", [["a"] * 4] * 7), "of type <U1"),
        (_with("annotations.0.boxes", [[1, 2], [3]]), "inhomogeneous"),
        (_with_box([201, 101, 0, 60]), r"tube 0: frame 5: box x y w h = \[201.0, 101.0, 0.0, 60.0\]"),
        (_with_box([201, 101, 100, -1]), "empty"),
        (_with_box([0, 101, 100, 60]), "leaves the frame of 320x240"),
        (_with_box([222, 101, 100, 60]), "leaves the frame"),
        (_with_box([np.nan, 101, 100, 60]), "nan"),
        (_with_box([np.inf, 101, -np.inf, 60]), "inf"),
        ([], r"expected a dictionary with 'numf', got \[\]"),
        ("x" * 500, "got 'xxx.*xxx\\.\\.\\.$"),
    ],
)
def test_a_wrong_value_is_an_error_with_file_video_and_value(tmp_path, entry, reason):
    path = write_pickle(tmp_path / "wrong.pkl", {"Biking/v_Biking_g02_c01": pyannot_entry(2), BIKING: entry})
    with pytest.raises(InputError, match=reason) as raised:
        read_ucf101_annotation(path, CLASSES)
    assert str(raised.value).startswith(f"{path}: video {BIKING}: ")


@pytest.mark.parametrize(("content", "reason"), [([1], "got list"), ({7: {}}, "video 7: 'name' must be text")])
def test_another_layout_is_an_error(tmp_path, content, reason):
    with pytest.raises(InputError, match=reason):
        read_ucf101_annotation(write_pickle(tmp_path / "other.pkl", content), CLASSES)


def test_an_annotation_refuses_a_tube_after_its_video():
    with pytest.raises(ValueError, match="tube 0 ends at frame 6, the video has 5 frames"):
        LabelledVideo("a", "test", (0,), 5, (96, 64), (make_tube(2, 4),))


def test_boxes_scale_with_the_video_in_each_direction_and_the_original_stays():
    annotation = LabelledVideo("a", "test", (0,), 5, (320, 240), (make_tube(1, 2, box=(32, 24, 64, 120)),))
    (scaled,) = annotation.tubes_at((640, 240))
    np.testing.assert_array_equal(scaled.boxes, [[64, 24, 128, 120], [66, 24, 130, 120]])
    np.testing.assert_array_equal(annotation.tubes[0].boxes[0], [32, 24, 64, 120])
    assert (scaled.start, scaled.label) == (1, 0)


@pytest.fixture(scope="module")
def real(data_root) -> dict[str, LabelledVideo]:
    return read_ucf101_annotation(data_root / "thumos13" / "pyannot.pkl", CLASSES)


def test_the_real_annotation_holds_the_published_numbers(real, data_root):
    splits = data_root / "thumos13" / "splits"
    train = [video for video, _ in read_split_list(splits / "trainlist01.txt", CLASSES)]
    test = [video for video, _ in read_split_list(splits / "testlist01.txt", CLASSES)]
    assert (len(real), sum(len(annotation.tubes) for annotation in real.values())) == (3194, 4458)
    assert (sum(video in real for video in train), sum(video in real for video in test)) == (2284, 910)
    assert sum(len(real[video].tubes) for video in test if video in real) == 1315
    assert len({*train, *test} - real.keys()) == 13

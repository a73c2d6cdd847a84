import h5py
import numpy as np
import pytest

from actorsup.datasets.formats import A2D
from actorsup.datasets.formats.a2d import read_a2d_frame
from actorsup.errors import InputError

ROW = "{},{},00:00:01,00:00:05,240,320,60,3,{}"


def write_frame(path, boxes, labels, **changes):
    """A file as Matlab 7.3 writes it: arrays the other way round, one without elements as its sizes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, value in {"reBBox": np.array(boxes, float).T, "id": np.array([labels], float), **changes}.items():
            if value is None:
                continue
            if value.size:
                file[name] = value
            else:
                file[name] = np.zeros(2, np.uint64)
                file[name].attrs["MATLAB_empty"] = np.uint8(1)
        file["reMask"] = np.zeros((len(labels), 4, 4), np.uint8)
    return path


@pytest.fixture
def a2d(tmp_path):
    """Two videos of a dog and a ball, one without annotation."""
    (tmp_path / "videoset.csv").write_text(
        "\n".join([ROW.format("dogs", 77, 0), ROW.format("-ball_", 35, 1), ROW.format("bare", 77, 1)]) + "\n"
    )
    mat = tmp_path / "Annotations" / "mat"
    # Two running dogs and one that eats; in frame 41 one of them is gone.
    write_frame(mat / "dogs" / "00021.mat", [[1, 1, 10, 10], [51, 1, 60, 10], [5, 5, 9, 9]], [77, 77, 73])
    write_frame(mat / "dogs" / "00041.mat", [[21, 1, 30, 10]], [77])
    write_frame(mat / "-ball_" / "00001.mat", [[11, 21, 30, 40]], [35])
    write_frame(mat / "-ball_" / "00031.mat", np.zeros((0, 4)), [])
    return tmp_path


def test_instances_of_a_label_are_joined_over_the_annotated_frames(a2d):
    collection = A2D(data_root=a2d).read()
    assert collection.classes == ("ball-jumping", "dog-eating", "dog-running")
    assert collection.class_actors == ("ball", "dog", "dog")
    assert collection.actors == ("person", "sports ball", "bird", "car", "cat", "dog")
    dogs, ball, bare = collection.videos
    assert (dogs.video, dogs.split, dogs.labels, dogs.num_frames, dogs.size) == (
        "dogs",
        "train",
        (1, 2),
        60,
        (320, 240),
    )
    running, other, eating = dogs.tubes
    assert (running.start, running.end, np.flatnonzero(running.annotated).tolist()) == (20, 41, [0, 20])
    np.testing.assert_array_equal(running.boxes[[0, 10, 20]], [[0, 0, 10, 10], [10, 0, 20, 10], [20, 0, 30, 10]])
    assert (other.start, other.end, other.boxes.tolist()) == (20, 21, [[50, 0, 60, 10]])
    assert (eating.label, eating.annotated) == (1, None)
    assert (ball.split, len(ball.tubes), ball.tubes[0].boxes.tolist()) == ("test", 1, [[10, 20, 30, 40]])
    assert (ball.labels, bare.labels, bare.tubes) == ((0,), (2,), None)
    assert collection.notes == ("1 videos have no folder in Annotations/mat: bare",)


def test_a_video_shows_the_class_of_its_line_and_those_of_its_frames(a2d):
    mat = a2d / "Annotations" / "mat"
    write_frame(mat / "-ball_" / "00001.mat", [[1, 1, 9, 9], [1, 1, 5, 5], [2, 2, 6, 6]], [73, 76, 73])
    write_frame(mat / "bare" / "00001.mat", np.zeros((0, 4)), [])
    collection = A2D(data_root=a2d).read()
    assert collection.classes == ("ball-jumping", "dog-eating", "dog-rolling", "dog-running")
    _, ball, bare = collection.videos
    assert (ball.labels, [tube.label for tube in ball.tubes]) == ((0, 1, 2), [1, 2, 1])
    assert (bare.labels, bare.tubes) == ((3,), ())


def test_a_header_is_not_a_video(a2d):
    path = a2d / "videoset.csv"
    path.write_text("VID,Label,Start,End,Height,Width,Frames,Annotated,Usage\n" + path.read_text())
    assert len(A2D(data_root=a2d).read().videos) == 3


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("dogs,77,0,0,240,320,60,3", "line 1: 'dogs,77,0,0,240,320,60,3': expected 9 values, got 8"),
        (ROW.format("dogs", 77, 2), "line 1: .*usage must be 0 or 1, got 2"),
        (ROW.format("dogs", 87, 0), r"line 1: .*label 87 is no actor \(1\.\.7\)"),
        (ROW.format("dogs", 70, 0), "line 1: .*label 70 is no actor"),
        (ROW.format("dogs", "x", 0), "line 1: .*invalid literal"),
        (ROW.format("dogs", 77, 0).replace("240", "-240"), "video dogs: size must be"),
        (ROW.format("dogs", 77, 0).replace(",60,", ",30,"), "video dogs: tube 0 ends at frame 41"),
        (ROW.format("dogs", 77, 0) + "\n" + ROW.format("dogs", 77, 0), "video dogs: is there several times"),
        ("", "lists no video"),
        ("\0", "lists no video|line contains NUL|expected 9 values"),
        ('"' + "x" * 200_000, "is no CSV file"),
    ],
)
def test_a_wrong_line_is_an_error_with_file_line_and_value(a2d, line, reason):
    (a2d / "videoset.csv").write_text(line + "\n")
    with pytest.raises(InputError, match=reason) as raised:
        A2D(data_root=a2d).read()
    assert str(raised.value).startswith(str(a2d / "videoset.csv"))


def test_a_missing_list_and_a_strange_name_of_a_frame_are_errors(a2d):
    (a2d / "Annotations" / "mat" / "dogs" / "x.mat").touch()
    with pytest.raises(InputError, match=r"x\.mat: its name must be the number of a frame, from 1"):
        A2D(data_root=a2d).read()
    (a2d / "videoset.csv").write_bytes(b"\xff\xfe\n")
    with pytest.raises(InputError, match=r"videoset\.csv: is not a text file"):
        A2D(data_root=a2d).read()
    (a2d / "videoset.csv").unlink()
    with pytest.raises(InputError, match=r"videoset\.csv: cannot be read"):
        A2D(data_root=a2d).read()


BOX = [[1, 1, 10, 10]]


@pytest.mark.parametrize(
    ("boxes", "labels", "changes", "reason"),
    [
        (BOX, [77, 77], {}, r"2 labels need 'reBBox' of shape \(4, 2\), got \(4, 1\)"),
        (BOX, [80], {}, "label 80.0 is no actor"),
        (BOX, [77.5], {}, "label 77.5 is no actor"),
        (BOX, [np.nan], {}, "label nan is no actor"),
        ([[1, 1, np.nan, 10]], [77], {}, "box 0: expected x1 <= x2"),
        ([[10, 1, 1, 10]], [77], {}, r"box 0: expected x1 <= x2 and y1 <= y2, numbers below 16777216, got \[10.0, "),
        (BOX, [77], {"id": None}, "expected an array of numbers named 'id'"),
        (BOX, [77], {"reBBox": np.array([b"text"])}, "expected an array of numbers named 'reBBox'"),
    ],
)
def test_a_wrong_frame_is_an_error_with_file_and_value(tmp_path, boxes, labels, changes, reason):
    path = write_frame(tmp_path / "00001.mat", boxes, labels, **changes)
    with pytest.raises(InputError, match=reason) as raised:
        read_a2d_frame(path)
    assert str(raised.value).startswith(f"{path}: ")


def test_what_is_no_hdf5_is_an_error_that_names_it(tmp_path):
    (tmp_path / "1.mat").write_bytes(b"MATLAB 5.0")
    with pytest.raises(InputError, match=r"1\.mat: cannot be read as HDF5"):
        read_a2d_frame(tmp_path / "1.mat")

"""Whatever is in a file: a reader gives a valid result or an ``InputError``, and never anything else."""

import copy
import gzip
import json
import pickle
import shutil
import tarfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from actorsup.datasets.formats import (
    A2D,
    ACTPickle,
    LabelTable,
    VideosFile,
    load_pickle,
    write_act_pickle,
    write_videos_file,
)
from actorsup.datasets.formats.a2d import read_a2d_frame
from actorsup.datasets.formats.thumos13 import read_class_index, read_split_list, read_ucf101_annotation
from actorsup.datasets.formats.ucf_sports import BoxFile, read_box_files
from actorsup.errors import InputError

from ..conftest import CLASSES, pyannot_entry
from .test_a2d import ROW
from .test_act import GOOD as ACT
from .test_matlab_file import records, tube
from .test_videos_file import FIRST as VIDEOS_1
from .test_videos_file import GOOD as VIDEOS

PYANNOT = {"Biking/v_Biking_g01_c01": pyannot_entry(2), "Biking/v_Biking_g02_c01": pyannot_entry(2)}
HUGE = st.sampled_from([-1, 0, 2**31, 2**63, 10**30, 1e30, 1e300, -0.0, float("nan"), float("inf")])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-3, 400), HUGE, st.floats(-500, 500), st.text(max_size=12))
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
ARRAYS = st.builds(
    lambda shape, kind, scale: (np.arange(np.prod(shape)).reshape(shape) * scale).astype(kind),
    st.lists(st.integers(0, 6), max_size=3),
    st.sampled_from(["u1", "i4", "f4", "f8", "c8", "?", "U3", "O"]),
    st.sampled_from([1, -1, 40]),
)

fuzzed = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def valid_or_refused(read, *arguments):
    """What a reader gives, or None where it refuses."""
    try:
        return read(*arguments)
    except InputError:
        return None


def places(content, place=()) -> list[tuple]:
    """The path to every value inside containers."""
    inside = [place]
    if isinstance(content, dict):
        for key, value in content.items():
            inside += places(value, (*place, key))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            inside += places(value, (*place, index))
    return inside


def replaced(content, place: tuple, value):
    """The content with the value at a place replaced, or, where that is the Ellipsis, taken out."""
    if not place:
        return value
    content = copy.deepcopy(content)
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return content


def changes_of(content, values):
    """Copies of a good content with one or two of its values replaced or taken out."""
    first = st.builds(replaced, st.just(content), st.sampled_from(places(content)[1:]), values | st.just(...))
    return first | first.flatmap(
        lambda changed: st.builds(replaced, st.just(changed), st.sampled_from(places(changed)), values)
    )


def damaged(good: bytes):
    """Bytes that are cut off, changed at places, or of something else."""
    cut = st.integers(0, len(good)).map(lambda end: good[:end])
    flipped = st.lists(st.tuples(st.integers(0, len(good) - 1), st.integers(0, 255)), min_size=1, max_size=4).map(
        lambda changes: bytes(dict(changes).get(index, byte) for index, byte in enumerate(good))
    )
    return cut | flipped | st.binary(max_size=60)


@fuzzed
@given(changes_of(VIDEOS, JSON) | changes_of(VIDEOS_1, JSON))
def test_annotation_files(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content))
    collection = valid_or_refused(VideosFile(path).read)
    if collection is not None:
        write_videos_file(tmp_path / "again.json", collection)
        assert len(VideosFile(tmp_path / "again.json").read().videos) == len(collection.videos)
        valid_or_refused(write_act_pickle, tmp_path / "a.pkl", collection)


@fuzzed
@given(damaged(json.dumps(VIDEOS).encode()) | damaged(gzip.compress(json.dumps(VIDEOS).encode(), mtime=0)))
def test_bytes_instead_of_annotation_files(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    valid_or_refused(VideosFile(tmp_path / "a.json").read)


@fuzzed
@given(changes_of(PYANNOT, JSON | ARRAYS))
def test_pyannot(tmp_path, content):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content))
    valid_or_refused(read_ucf101_annotation, tmp_path / "a.pkl", CLASSES)


@fuzzed
@given(changes_of(ACT, JSON | ARRAYS))
def test_acts(tmp_path, content):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content))
    collection = valid_or_refused(ACTPickle(tmp_path / "a.pkl").read)
    if collection is not None:
        write_videos_file(tmp_path / "a.json", collection)
        assert len(VideosFile(tmp_path / "a.json").read().videos) == len(collection.videos)


@fuzzed
@given(damaged(pickle.dumps(ACT, protocol=0)) | damaged(pickle.dumps(PYANNOT, protocol=4)))
def test_bytes_instead_of_pickles(tmp_path, content):
    (tmp_path / "a.pkl").write_bytes(content)
    valid_or_refused(load_pickle, tmp_path / "a.pkl")
    valid_or_refused(read_ucf101_annotation, tmp_path / "a.pkl", CLASSES)
    valid_or_refused(ACTPickle(tmp_path / "a.pkl").read)


@fuzzed
@given(
    st.sampled_from(["name", "num_imgs", "tubes", "sf", "ef", "class", "boxes"]),
    ARRAYS | st.text(max_size=5) | st.floats() | st.integers(-5, 300),
)
def test_matlab_files(tmp_path, key, value):
    fields = {**tube(), key: value} if key in tube() else tube()
    video = {"name": "Biking/v_x", "num_imgs": 12, "tubes": records([fields], "sf ef class boxes")}
    if key in video:
        video[key] = value
    try:
        savemat(tmp_path / "a.mat", {"annot": records([video], "name num_imgs tubes")})
    except (TypeError, ValueError):  # what Matlab has no type for
        return
    valid_or_refused(read_ucf101_annotation, tmp_path / "a.mat", CLASSES)


@fuzzed
@given(st.integers(0, 400) | st.binary(max_size=60))
def test_bytes_instead_of_matlab_files(tmp_path, content):
    path = tmp_path / "a.mat"
    if isinstance(content, int):
        video = {"name": "Biking/v_x", "num_imgs": 12, "tubes": records([tube()], "sf ef class boxes")}
        savemat(path, {"annot": records([video], "name num_imgs tubes")})
        content = path.read_bytes()[:content]
    path.write_bytes(content)
    valid_or_refused(read_ucf101_annotation, path, CLASSES)


LINES = st.lists(
    st.sampled_from(["Biking/v_a.avi 3", "Biking/v_b", "1 Biking", "2 Diving", "", "\t"]) | st.text(max_size=20)
).map("\n".join)


@fuzzed
@given(LINES.map(lambda text: text.encode(errors="replace")) | st.binary(max_size=40))
def test_lists(tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    valid_or_refused(read_split_list, tmp_path / "a.txt", CLASSES)
    if valid_or_refused(read_class_index, tmp_path / "a.txt") is not None:
        (tmp_path / "list").mkdir(exist_ok=True)
        for name in ("classInd.txt", "list.txt"):
            shutil.copy(tmp_path / "a.txt", tmp_path / "list" / name)
        valid_or_refused(read_split_list, tmp_path / "list" / "list.txt", CLASSES)


@fuzzed
@given(st.text(max_size=30) | st.lists(st.integers(-5, 10**12), max_size=6).map(lambda line: " ".join(map(str, line))))
def test_boxes_of_ucf_sports(text):
    try:
        box = BoxFile("a/b/gt/1.txt", text).box()
    except ValueError:  # its callers know the file, and make an InputError of it
        return
    assert box.shape == (4,)


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """The bytes of an archive of one clip."""
    folder = tmp_path_factory.mktemp("archive")
    (folder / "Lifting" / "001" / "gt").mkdir(parents=True)
    (folder / "Lifting" / "001" / "gt" / "1.tif.txt").write_text("1 1 9 9 x")
    with tarfile.open(folder / "a.tar.gz", "w:gz") as file:
        file.add(folder / "Lifting", "Annotations/Lifting")
    return folder / "a.tar.gz"


@fuzzed
@given(st.data())
def test_archives_of_ucf_sports(tmp_path, archive, data):
    good = archive.read_bytes()
    (tmp_path / "a.tar").write_bytes(data.draw(damaged(good) | damaged(gzip.decompress(good)[:1536])))
    valid_or_refused(read_box_files, tmp_path / "a.tar")


@fuzzed
@given(ARRAYS, ARRAYS, st.booleans())
def test_frames_of_a2d(tmp_path, boxes, labels, empty):
    with h5py.File(tmp_path / "1.mat", "w") as file:
        for name, value in (("reBBox", boxes), ("id", labels)):
            try:
                file[name] = value
            except TypeError:  # what HDF5 has no type for
                file.create_group(name)
            if empty:
                file[name].attrs["MATLAB_empty"] = np.uint8(1)
    valid_or_refused(read_a2d_frame, tmp_path / "1.mat")


@fuzzed
@given(st.lists(st.sampled_from(ROW.format("dogs", 77, 0).split(",")) | st.text(max_size=6), max_size=12).map(",".join))
def test_lists_of_a2d(tmp_path, line):
    (tmp_path / "videoset.csv").write_text(f"{ROW.format('a', 11, 1)}\n{line}\n", errors="replace")
    valid_or_refused(A2D(data_root=tmp_path).read)


@fuzzed
@given(LINES.map(lambda text: "video,label,split\n" + text.replace(" ", ",")) | st.text(max_size=40))
def test_tables_of_labels(tmp_path, text):
    (tmp_path / "a.csv").write_text(text, errors="replace")
    valid_or_refused(LabelTable(tmp_path / "a.csv").read)


@fuzzed
@given(JSON)
def test_json_tables_of_labels(tmp_path, content):
    (tmp_path / "a.json").write_text(json.dumps(content))
    valid_or_refused(LabelTable(tmp_path / "a.json").read)


@fuzzed
@given(st.lists(st.sampled_from(["a", "1", "0", "9", "nan", "1e999", "-3", ""]) | st.text(max_size=5), max_size=9))
def test_tables_of_boxes(tmp_path, cells):
    (tmp_path / "a.csv").write_text("video,label\na,walk\n")
    text = "video,tube,frame,x1,y1,x2,y2\na,1,0,1,1,9,9\n" + ",".join(cells) + "\n"
    (tmp_path / "boxes.csv").write_text(text, errors="replace")
    valid_or_refused(LabelTable(tmp_path / "a.csv", boxes=tmp_path / "boxes.csv", videos=tmp_path).read)

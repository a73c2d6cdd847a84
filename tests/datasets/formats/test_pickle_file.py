import os
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from actorsup.datasets.formats import load_pickle
from actorsup.errors import InputError
from actorsup.io.reading import brief


class RunsOnLoad:
    """Pickles to a call of a function with side effect: makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("protocol", range(6))
def test_data_of_every_protocol_is_read_as_it_was_written(tmp_path, protocol):
    content = {
        np.str_("name"): [np.arange(6, dtype=np.uint8).reshape(2, 3), np.float32(0.5), (1, "é", None)],
        "set": {1, 2},
        "ordered": OrderedDict(a=b"bytes"),
        "objects": np.array([{"k": 1}, [2]], dtype=object),
        "fortran": np.asfortranarray(np.eye(3)),
    }
    path = tmp_path / "data.pkl"
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    read = load_pickle(path)
    assert read.keys() == content.keys()
    np.testing.assert_array_equal(read["name"][0], content["name"][0])
    assert read["name"][1:] == content["name"][1:]
    assert (read["set"], read["ordered"], read["objects"].tolist()) == ({1, 2}, {"a": b"bytes"}, [{"k": 1}, [2]])
    np.testing.assert_array_equal(read["fortran"], np.eye(3))


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_would_run_code_is_refused_and_runs_nothing(tmp_path, protocol):
    path, folder = tmp_path / "bad.pkl", tmp_path / "made_by_the_pickle"
    content = pickle.dumps({"boxes": RunsOnLoad(folder)}, protocol=protocol)
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"bad\.pkl: refused, because it would load {os.name}\.mkdir"):
        load_pickle(path)
    assert not folder.exists()
    pickle.loads(content)
    assert folder.exists()  # so the pickle was one that does run


def test_builtin_functions_are_refused_though_builtin_containers_are_not(tmp_path):
    path = tmp_path / "bad.pkl"
    path.write_bytes(b"cbuiltins\neval\n(S'1+1'\ntR.")
    with pytest.raises(InputError, match=r"builtins\.eval"):
        load_pickle(path)


def test_bytes_in_another_codec_than_protocol_2_uses_are_refused(tmp_path):
    path = tmp_path / "bad.pkl"
    path.write_bytes(b"c_codecs\nencode\n(S'00'\nS'hex'\ntR.")
    with pytest.raises(InputError, match="'hex'"):
        load_pickle(path)


class Forged:
    """Pickles to a call of a function, and a state that is then set."""

    def __init__(self, *reduction) -> None:
        self.reduction = reduction

    def __reduce__(self):
        return self.reduction


RECONSTRUCT = np.zeros(1).__reduce__()[0]
SCALAR = np.float64(0).__reduce__()[0]
FROMBUFFER = np.zeros(1).__reduce_ex__(5)[0]
BYTE = np.dtype("u1")


def forged_array(shape, dtype, data, subtype=np.ndarray) -> Forged:
    return Forged(RECONSTRUCT, (subtype, (0,), b"b"), (1, shape, dtype, False, data))


def forged_dtype(name, *state) -> Forged:
    return Forged(np.dtype, (name, False, True), (3, *state))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (forged_array((10**6,), BYTE, b"12"), "array of shape"),
        (forged_array((-1, -2), BYTE, b"12"), "array of shape"),
        (forged_array((1,), np.dtype("O"), b"12345678"), "array of shape"),
        (forged_array((1,), BYTE, [1]), "array of shape"),
        (forged_array((1,), "u1", b"1"), "array of shape"),
        (forged_array((1,), BYTE, b"1", subtype=list), "array of another class than numpy's"),
        (Forged(FROMBUFFER, (b"12", BYTE, (3,), "C")), "array of shape"),
        (Forged(SCALAR, (BYTE, b"12")), "array of shape"),
        (Forged(SCALAR, (np.dtype("O"), [1])), "number that is an object"),
        (np.zeros(2, "V8"), "type of an array 'V8'"),
        (np.zeros(2, [("x", "f4")]), "type of an array 'V4'"),
        (forged_dtype("f4", "<", None, ("x",), {"x": (BYTE, 0)}, 4, 1, 0), "type of an array"),
    ],
)
def test_an_array_that_is_not_what_it_says_is_refused(tmp_path, content, reason):
    path = tmp_path / "forged.pkl"
    path.write_bytes(pickle.dumps(content, protocol=4))
    with pytest.raises(InputError, match=rf"forged\.pkl: cannot be read as a pickle \(UnpicklingError: {reason}"):
        load_pickle(path)


def test_flags_by_which_a_type_would_misread_memory_are_not_taken_over(tmp_path):
    dtype = forged_dtype("f4", "<", None, None, None, -1, -1, 63)
    path = tmp_path / "forged.pkl"
    path.write_bytes(pickle.dumps(forged_array((2,), dtype, b"\0" * 8), protocol=4))
    read = load_pickle(path)
    assert read.tolist() == [0, 0]
    assert read.dtype.flags == np.dtype("f4").flags


def test_six_bytes_do_not_take_all_memory(tmp_path):
    path = tmp_path / "small.pkl"
    path.write_bytes(b"Nr\xff\xff\xff\xff.")  # keeps None at position 2³² − 1
    assert load_pickle(path) is None


DEEP = b")" + b"\x85" * 400_000
DOUBLED = b")q\x00" + b"h\x00h\x00\x86q\x00" * 60


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x80\x02}(" + DEEP + b"K\x01u.", "a key that is a tuple of tuples"),
        (b"\x80\x02}(" + DOUBLED + b"K\x01u.", "a key that is a tuple of tuples"),
        (b"\x80\x04\x8f(" + DOUBLED + b"\x90.", "a key that is a tuple of tuples"),
        (b"\x80\x04(K\x01\x91.", "a frozenset"),
        (b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b"x.", "1099511627776 bytes are announced, 2 are there"),
        (
            b"](" + b"K\x01" * 10_000 + b"eq\x00(" + b"cbuiltins\nlist\n(h\x00tR" * 3000 + b"l.",
            "far more than the file",
        ),
        (b"\x80\x02c_codecs\nencode\n}X\x01\x00\x00\x00xK\x01sb.", "a state of function"),
    ],
)
def test_a_pickle_that_would_never_end_or_take_all_memory_is_refused(tmp_path, content, reason):
    path = tmp_path / "greedy.pkl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"greedy\.pkl: cannot be read as a pickle \(.*{reason}"):
        load_pickle(path)


def test_lists_that_stand_for_more_than_anybody_can_write_are_shown_in_brief(tmp_path):
    path = tmp_path / "laughs.pkl"
    path.write_bytes(b"\x80\x02]q\x00" + b"](".join([b""] + [b"h\x00" * 10 + b"eq\x00"] * 40) + b".")
    assert len(brief({"a": load_pickle(path)})) == 80


@pytest.mark.parametrize(
    "content", [b"", b"no pickle", b"\x80\x03}q\x00(X", b"cnumpy\nndarray\n(I-1\ntR.", b"\x80\xff."]
)
def test_a_damaged_pickle_is_an_error_that_names_the_file(tmp_path, content):
    path = tmp_path / "damaged.pkl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged\.pkl: cannot be read"):
        load_pickle(path)


def test_a_missing_pickle_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(InputError, match=r"absent\.pkl: cannot be read \(No such file"):
        load_pickle(tmp_path / "absent.pkl")


def test_a_python_2_pickle_of_arrays_is_read(data_root):
    content = load_pickle(data_root / "samples" / "act_layout_multisports_gt.pkl")
    assert {"labels", "gttubes", "nframes"} <= content.keys()

import os
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from actorsup.datasets.annotation import load_pickle
from actorsup.errors import InputError


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


@pytest.mark.parametrize(
    "content", [b"", b"no pickle", b"\x80\x03}q\x00(X", b"cnumpy\nndarray\n(I-1\ntR.", b"\x80\xff."]
)
def test_a_damaged_pickle_is_an_error_that_names_the_file(tmp_path, content):
    path = tmp_path / "damaged.pkl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged\.pkl: cannot be read"):
        load_pickle(path)


def test_a_missing_pickle_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(InputError, match=r"absent\.pkl: no such file"):
        load_pickle(tmp_path / "absent.pkl")


def test_a_python_2_pickle_of_arrays_is_read(data_root):
    content = load_pickle(data_root / "samples" / "act_layout_multisports_gt.pkl")
    assert {"labels", "gttubes", "nframes"} <= content.keys()

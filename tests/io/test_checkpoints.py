import pickle
import platform
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from torch.utils.data import ConcatDataset, Subset, TensorDataset

from actorsup.datasets import inner_datasets
from actorsup.device import pick_device, return_freed_memory
from actorsup.engine import train
from actorsup.errors import InputError
from actorsup.io.checkpoints import load_checkpoint, read_checkpoint, resolve_address


def test_weights_are_loaded_and_the_meta_comes_back(tmp_path):
    source, target = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    for content, meta in [
        ({"state_dict": source.state_dict(), "meta": {"classes": ["a"]}}, {"classes": ["a"]}),
        (source.state_dict(), {}),
    ]:
        torch.save(content, tmp_path / "weights.pth")
        assert load_checkpoint(target, str(tmp_path / "weights.pth"), "model") == meta
        assert torch.equal(target.weight, source.weight)


def test_what_cannot_be_loaded_is_named(tmp_path):
    model = torch.nn.Linear(2, 3)
    torch.save(torch.nn.Linear(2, 4).state_dict(), tmp_path / "other.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    (tmp_path / "damaged.pth").write_text("hello world")
    for name, message in [
        ("absent.pth", r"absent\.pth of tracker: no such file"),
        ("damaged.pth", r"damaged\.pth of tracker was not written by torch.save"),
        ("list.pth", r"list\.pth of tracker holds a list"),
        ("other.pth", r"other\.pth does not fit tracker: .*size mismatch for weight"),
    ]:
        with pytest.raises(InputError, match=f"(?s){message}"):
            load_checkpoint(model, str(tmp_path / name), "tracker")


class Program:
    """What runs when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return (Path.touch, (self.trace,))


def test_a_checkpoint_is_not_run(tmp_path):
    trace = tmp_path / "was_run"
    torch.save({"state_dict": {}, "meta": Program(trace)}, tmp_path / "program.pth")
    with pytest.raises(InputError, match=r"program\.pth of model is refused, because it would load \S+"):
        read_checkpoint(str(tmp_path / "program.pth"), "model")
    assert not trace.exists()


def test_what_a_training_keeps_beside_the_weights_is_read(tmp_path):
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    content = {
        "message_hub": {"log_scalars": {"loss": history}},
        "meta": {"seed": np.float64(3), "epoch": np.arange(2)},
    }
    torch.save({"state_dict": torch.nn.Linear(2, 3).state_dict(), **content}, tmp_path / "epoch.pth")
    meta = load_checkpoint(torch.nn.Linear(2, 3), str(tmp_path / "epoch.pth"), "model")
    assert (meta["seed"], meta["epoch"].tolist()) == (3.0, [0, 1])


def test_names_of_mmengines_models_are_addresses():
    assert resolve_address("open-mmlab://bninception_caffe").startswith("https://")
    assert resolve_address("some/file.pth") == "some/file.pth"
    with pytest.raises(InputError, match="mmengine knows no model 'absent'"):
        read_checkpoint("open-mmlab://absent", "model")


def test_a_checkpoint_may_hold_more_than_the_model_and_not_less(tmp_path):
    model = torch.nn.Linear(2, 3)
    state = {**model.state_dict(), "data_preprocessor.mean": torch.zeros(3)}
    torch.save(state, tmp_path / "more.pth")
    load_checkpoint(model, str(tmp_path / "more.pth"), "detector")
    torch.save({"weight": state["weight"]}, tmp_path / "less.pth")
    with pytest.raises(InputError, match=r"lacks 1 of 2 weights, first \['bias'\]"):
        load_checkpoint(model, str(tmp_path / "less.pth"), "detector")


def test_the_prefix_of_distributed_training_is_taken_off(tmp_path):
    source, target = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    wrapped = torch.nn.Module()
    wrapped.module = source
    for content in (wrapped.state_dict(), {"state_dict": wrapped.state_dict()}):
        torch.nn.init.zeros_(target.weight)
        torch.save(content, tmp_path / "weights.pth")
        load_checkpoint(target, str(tmp_path / "weights.pth"), "model")
        assert torch.equal(target.weight, source.weight)


def test_a_part_of_ones_own_that_is_called_module_stays(tmp_path):
    model = torch.nn.ModuleDict({"module": torch.nn.Linear(2, 3), "head": torch.nn.Linear(3, 1)})
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    assert read_checkpoint(str(tmp_path / "weights.pth"), "model").keys() == model.state_dict().keys()


def test_a_named_device_is_taken_as_it_is():
    assert pick_device("cpu") == torch.device("cpu")


def test_weights_are_downloaded_from_a_url_once(tmp_path, monkeypatch):
    (tmp_path / "served").mkdir()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    source, target = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    torch.save({"state_dict": source.state_dict(), "meta": {"CLASSES": ("a",)}}, tmp_path / "served" / "weights.pth")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/weights.pth"
    try:
        assert load_checkpoint(target, url, "detector") == {"CLASSES": ("a",)}
        with pytest.raises(
            InputError, match=r"absent\.pth of detector cannot be downloaded or read: .*404.*`actorsup doctor"
        ):
            load_checkpoint(target, url.replace("weights", "absent"), "detector")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert torch.equal(target.weight, source.weight)
    load_checkpoint(torch.nn.Linear(2, 3), url, "detector")  # from the cache: nobody serves it any more


def test_datasets_are_found_inside_wrappers_of_wrappers():
    one, two = TensorDataset(torch.zeros(2)), TensorDataset(torch.zeros(3))
    assert inner_datasets(one) == [one]
    assert inner_datasets(ConcatDataset([Subset(one, [0]), two])) == [one, two]
    assert inner_datasets(Subset(ConcatDataset([one, two]), [1])) == [one, two]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_gaps_between_what_is_held_are_given_back():
    def resident() -> int:
        (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
        return int(line.split()[1]) // 1024

    pieces = [bytearray(b"x" * 2**16) for _ in range(4000)]  # small enough to lie side by side
    pieces[:] = pieces[::100]
    full_of_gaps = resident()
    return_freed_memory()
    assert resident() < full_of_gaps - 150


def write_checkpoint(path: Path, content: bytes, records: dict[str, bytes] | None = None, method: int = 0) -> str:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in {"data.pkl": content, "version": b"3", "byteorder": b"little", **(records or {})}.items():
            archive.writestr(f"a/{name}", data)
    return str(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x80\x02}()" + b"\x85" * 400_000 + b"K\x01u.", "a key that is a tuple of tuples"),
        (b"\x80\x02cbuiltins\nbytearray\n\x8a\x05" + (2**36).to_bytes(5, "little") + b"\x85R.", "a bytearray"),
        (b"\x80\x02}r\xff\xff\xff\x7f.", "a position beyond the file"),
        (b"\x80\x02}p4294967295\n.", "a position beyond the file"),
    ],
)
def test_a_checkpoint_that_would_crash_or_take_all_memory_is_refused(tmp_path, content, reason):
    with pytest.raises(InputError, match=rf"a\.pth of model cannot be downloaded or read: UnpicklingError: {reason}"):
        read_checkpoint(write_checkpoint(tmp_path / "a.pth", content), "model")


def test_a_checkpoint_that_is_packed_is_refused(tmp_path):
    path = write_checkpoint(tmp_path / "a.pth", pickle.dumps({}, 2), {"data/0": bytes(10**6)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match="records that are larger than the file"):
        read_checkpoint(path, "model")


@pytest.mark.parametrize("new", [True, False])
def test_checkpoints_old_and_new_hold_what_was_saved(tmp_path, new):
    content = {
        "state_dict": torch.nn.Linear(2, 3).state_dict(),
        "meta": {"a": (1, (2, "b")), "c": {4}, "d": np.arange(3)},
    }
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=new)
    read = read_checkpoint(str(tmp_path / "a.pth"), "model")
    assert torch.equal(read["state_dict"]["weight"], content["state_dict"]["weight"])
    assert (read["meta"]["a"], read["meta"]["c"], read["meta"]["d"].tolist()) == ((1, (2, "b")), {4}, [0, 1, 2])


def test_a_forged_array_beside_the_weights_is_refused(tmp_path):
    class Forged:
        def __reduce__(self):
            reconstruct = np.zeros(1).__reduce__()[0]
            return reconstruct, (np.ndarray, (0,), b"b"), (1, (10**6,), np.dtype("u1"), False, b"12")

    torch.save({"state_dict": {}, "meta": {"a": Forged()}}, tmp_path / "a.pth")
    with pytest.raises(InputError, match="array of shape"):
        read_checkpoint(str(tmp_path / "a.pth"), "model")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"state_dict": {1: torch.zeros(1)}}, "its weights must have names, got \\[1\\]"),
        ({"state_dict": {}, "meta": [1]}, "its meta is a list, no dict"),
        ({"state_dict": {}, "meta": {"dataset_meta": "pets"}}, "its dataset_meta is a str, no dict"),
        ({"weight": torch.zeros(3, 2, dtype=torch.int64)}, r"weight \(torch.int64 there, torch.float32 here\)"),
        ({"weight": torch.zeros(3, 2, dtype=torch.complex64)}, r"weight \(torch.complex64 there"),
        ({"weight": "x"}, r"weight \(str there, torch.float32 here\)"),
    ],
)
def test_what_is_no_checkpoint_of_a_model_is_said(tmp_path, content, reason):
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(InputError, match=rf"a\.pth .*{reason}"):
        load_checkpoint(torch.nn.Linear(2, 3), str(tmp_path / "a.pth"), "model")


@pytest.mark.parametrize("setting", ["load_from", "resume"])
def test_training_does_not_run_what_is_in_a_checkpoint(tmp_path, setting):
    """mmengine reads again, with the right to run code, what torch refuses."""
    trace = tmp_path / "was_run"
    torch.save({"state_dict": {}, "meta": Program(trace)}, tmp_path / "epoch_1.pth")
    (tmp_path / "last_checkpoint").write_text(str(tmp_path / "epoch_1.pth"))
    config = Config({"train_dataloader": {"dataset": {"ann_file": __file__}}, "work_dir": str(tmp_path)})
    if setting == "load_from":
        config.load_from = str(tmp_path / "epoch_1.pth")
    with pytest.raises(InputError, match="is refused, because it would load"):
        train(config, resume=setting == "resume")
    assert not trace.exists()

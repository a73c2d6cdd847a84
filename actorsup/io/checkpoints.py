"""Checkpoints, read without running their code, and loaded into models."""

import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from pickle import BUILD, LONG_BINPUT, NEWOBJ, PUT, UnpicklingError
from typing import ClassVar

import torch
from mmengine.logging import print_log
from mmengine.runner.checkpoint import get_external_models
from torch import Tensor, nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

from actorsup.errors import InputError

from .pickles import CHECKED_NUMPY, CheckedArray, FrugalUnpickler
from .reading import brief

WRAPPER = "module."  # what DistributedDataParallel calls the model inside it


class _LogHistory:
    """Stands in for mmengine's ``HistoryBuffer``, which only the training that wrote it needs."""

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)


def _no_attribute(owner: type, name: str) -> None:
    """Stands in for ``getattr``, by which mmengine spells the methods of its ``HistoryBuffer``."""


ALLOWED = [
    CheckedArray,
    (_LogHistory, "mmengine.logging.history_buffer.HistoryBuffer"),
    (_no_attribute, "builtins.getattr"),
    *((stand_in, ".".join(place)) for place, stand_in in CHECKED_NUMPY.items()),
]


class _Inert:
    """Stands for all that a checkpoint names or makes, while it is looked through: nothing happens."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *arguments) -> "_Inert":
        if self.name == "builtins.bytearray":  # for which torch takes whatever memory it is told to
            raise UnpicklingError("a bytearray")
        return _Inert("")

    def __setitem__(self, key, value) -> None:
        hash(key)

    def append(self, value) -> None:
        """Nothing."""

    add = append


class _Scan(FrugalUnpickler):
    """Looks through a pickle for what makes reading it never end, take all memory or crash; nothing is made of it."""

    def find_class(self, module: str, name: str) -> _Inert:
        return _Inert(f"{module}.{name}")

    def persistent_load(self, pid) -> _Inert:
        return _Inert("")

    def load_newobj(self) -> None:
        self.stack[-2:] = [_Inert("")]

    def load_build(self) -> None:
        del self.stack[-1]

    def load_long_binput(self) -> None:
        super().load_long_binput()
        self._require_position()

    def load_put(self) -> None:
        super().load_put()
        self._require_position()

    def _require_position(self) -> None:
        # C's unpickler, which mmengine reads a checkpoint with, takes memory for all positions before.
        if next(reversed(self.memo)) > self.size:
            raise UnpicklingError("a position beyond the file")

    dispatch: ClassVar = {
        **FrugalUnpickler.dispatch,
        NEWOBJ[0]: load_newobj,
        BUILD[0]: load_build,
        LONG_BINPUT[0]: load_long_binput,
        PUT[0]: load_put,
    }


def _require_harmless(path: str) -> None:
    """Raise ``UnpicklingError`` unless a checkpoint takes memory and time in proportion to its size."""
    size = Path(path).stat().st_size
    if not zipfile.is_zipfile(path):  # of torch before 1.6: five pickles, then the numbers
        with open(path, "rb") as file:
            for _ in range(5):
                _Scan(file, size).load()
        return
    with zipfile.ZipFile(path) as archive:
        if any(member.file_size > size for member in archive.infolist()):  # torch compresses nothing
            raise UnpicklingError("records that are larger than the file")
        for member in archive.infolist():
            if member.filename.endswith("data.pkl"):
                with archive.open(member) as file:
                    _Scan(file, member.file_size).load()


def resolve_address(checkpoint: str) -> str:
    """The address of ``open-mmlab://<name>``, a ``ValueError`` if mmengine has none; anything else as it is."""
    prefix, _, name = checkpoint.partition("://")
    if prefix not in ("open-mmlab", "openmmlab"):
        return checkpoint
    addresses = get_external_models()
    if name not in addresses:
        raise ValueError(f"mmengine knows no model {name!r}")
    return addresses[name]


def read_checkpoint(checkpoint: str, owner: str) -> dict:
    """The content of a checkpoint, on the CPU: tensors, numpy arrays and builtin containers.

    A checkpoint that names any other type is refused, because unpickling it could run code. Weights that
    ``DistributedDataParallel`` saved lose its prefix ``module.``.

    Args:
        checkpoint: a path, which ends in ``.safetensors`` if it is such a file; or an ``http`` or ``https`` address, or
            ``open-mmlab://<name>`` of a model that mmengine knows, which is downloaded once into torch.hub's cache.
        owner: what the checkpoint is for, for messages.

    Raises:
        InputError: if it cannot be downloaded or read, names another type, or is no dictionary.
    """
    of_owner, beginning, is_remote = f"checkpoint {checkpoint} of {owner}", b"", False
    if "://" not in checkpoint and checkpoint.endswith(".safetensors"):
        return _read_safetensors(checkpoint, of_owner)
    try:
        address = resolve_address(checkpoint)
        is_remote = address.startswith(("http://", "https://"))
        beginning = b"" if is_remote else _beginning(address)
        load = torch.hub.load_state_dict_from_url if is_remote else torch.load
        if not is_remote:
            _require_harmless(address)
        with torch.serialization.safe_globals(ALLOWED):
            loaded = load(address, map_location="cpu", weights_only=True)
    except Exception as error:  # unpickling a file that is no checkpoint can raise anything
        if beginning and not beginning.startswith((b"PK", b"\x80")):
            raise InputError(
                f"{of_owner} was not written by torch.save: it begins with {beginning}. Was it downloaded whole, and "
                "is it the file itself, no page about it and no pointer of Git LFS?"
            ) from error
        refused = re.search(r"GLOBAL (\S+)", str(error)) if isinstance(error, UnpicklingError) else None
        if refused is None:
            remedy = ". `actorsup doctor CONFIG` prints the command that brings it here" if is_remote else ""
            raise InputError(
                f"{of_owner} cannot be downloaded or read: {type(error).__name__}: {error!s:.1000}{remedy}"
            ) from error
        allowed = "a checkpoint holds tensors, numpy arrays and builtin containers only"
        raise InputError(f"{of_owner} is refused, because it would load {refused[1]}; {allowed}") from error
    if not isinstance(loaded, dict):
        raise InputError(f"{of_owner} holds a {type(loaded).__name__}, expected a dict")
    state = loaded.get("state_dict", loaded)
    if not isinstance(state, dict):
        raise InputError(f"{of_owner}: its state_dict is a {type(state).__name__}, no dict")
    if not all(isinstance(name, str) for name in state):
        raise InputError(f"{of_owner}: its weights must have names, got {brief(list(state))}")
    meta = loaded.get("meta")
    for name, value in {
        "meta": meta,
        "dataset_meta": meta.get("dataset_meta") if isinstance(meta, dict) else None,
    }.items():
        if value is not None and not isinstance(value, dict):
            raise InputError(f"{of_owner}: its {name} is a {type(value).__name__}, no dict")
    if all(name.startswith(WRAPPER) for name in state):
        consume_prefix_in_state_dict_if_present(state, WRAPPER)
    return loaded


def _read_safetensors(path: str, of_owner: str) -> dict[str, Tensor]:
    try:
        from safetensors.torch import load_file
    except ImportError as error:
        raise InputError(f"{of_owner} needs safetensors: pip install safetensors") from error
    try:
        return load_file(path)
    except Exception as error:  # safetensors raises a type of its own
        raise InputError(f"{of_owner} cannot be read: {type(error).__name__}: {error!s:.1000}") from error


def _beginning(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(20)


def load_checkpoint(
    model: nn.Module,
    checkpoint: str,
    owner: str,
    part: str | None = None,
    rename: Callable[[dict], dict] | None = None,
) -> dict:
    """Load all weights of a model by ``read_checkpoint``; give the checkpoint's ``meta``, empty where it has none.

    Entries beyond the weights are logged and left aside. ``part`` is the attribute by which a larger model holds
    ``model``: from a checkpoint of that one its part is taken. ``rename`` gives the state dict the model's own names.

    Raises:
        InputError: if the checkpoint cannot be read, or lacks a weight of the model.
    """
    if "://" not in checkpoint and not Path(checkpoint).is_file():
        advice = "obtain the one that belongs to it and give its path"
        raise InputError(f"checkpoint {checkpoint} of {owner}: no such file; {advice}")
    loaded = read_checkpoint(checkpoint, owner)
    state = loaded.get("state_dict", loaded)
    prefix = f"{part}."
    if part is not None and any(name.startswith(prefix) for name in state):
        state = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    if rename is not None:
        state = rename(state)
    if wrong := different_kinds(model.state_dict(), state):
        raise InputError(f"checkpoint {checkpoint} does not fit {owner}: {', '.join(wrong[:3])}")
    try:
        missing, unexpected = model.load_state_dict(state, strict=False)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise InputError(f"checkpoint {checkpoint} does not fit {owner}: {error}") from error
    if missing := [name for name in missing if not name.endswith("num_batches_tracked")]:
        raise InputError(
            f"checkpoint {checkpoint} does not fit {owner}: it lacks {len(missing)} of {len(model.state_dict())} "
            f"weights, first {missing[:3]}; it has {list(state)[:3]} …"
        )
    if unexpected:
        print_log(f"{checkpoint}: left aside {len(unexpected)} entries, first {unexpected[:3]}", logger="current")
    return loaded.get("meta") or {}


def load_pretrained(kind: type, folder: str | Path, optional: str | None = None) -> nn.Module:
    """A model of transformers in float32, on the CPU, from a folder that it was saved into; nothing is downloaded.

    Args:
        kind: transformers' class of the model, or an ``AutoModel``.
        folder: with ``config.json`` and safetensors.
        optional: weights whose names begin so may be missing.

    Raises:
        InputError: if there is no such folder, it cannot be read, or a weight is missing or of another shape.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected one that transformers has saved a model into")
    try:
        loaded, report = kind.from_pretrained(
            str(folder), local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
    except Exception as error:  # transformers and safetensors raise what they like
        raise InputError(f"{folder}: its weights cannot be read: {type(error).__name__}: {error}") from error
    lacking = sorted(name for name in report["missing_keys"] if optional is None or not name.startswith(optional))
    if lacking or report["mismatched_keys"]:
        raise InputError(
            f"{folder}: its weights do not fit its config: {len(lacking)} are missing, first {lacking[:3]}; "
            f"of another shape are {list(report['mismatched_keys'])[:3]}"
        )
    return loaded


def different_kinds(expected: Mapping[str, Tensor], given: Mapping[str, object]) -> list[str]:
    """A line for each weight that is given as another kind of numbers, from which torch would convert it silently."""
    pairs = [(name, expected[name], value) for name, value in given.items() if name in expected]
    return [
        f"{name} ({getattr(value, 'dtype', type(value).__name__)} there, {ours.dtype} here)"
        for name, ours, value in pairs
        if not isinstance(value, Tensor) or _kind(value) != _kind(ours)
    ]


def _kind(tensor: Tensor) -> tuple:
    return tensor.is_floating_point(), tensor.is_complex(), tensor.layout, tensor.is_meta

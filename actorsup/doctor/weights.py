"""The files of weights that a config names."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from .check import Check

MMDET_PREFIX = "mmdet::"
KEYS = ("config", "checkpoint", "weights")


@dataclass(frozen=True)
class NamedWeights:
    """A setting whose value is a file, an address, or torchvision's name of weights.

    Args:
        key: dotted name of the setting.
        value: path or address.
        network: torchvision's name of the network, for torchvision's names of weights.
    """

    key: str
    value: str
    network: str

    def check(self) -> Check:
        """Whether the file is there, or was downloaded; nothing is downloaded now."""
        name = f"weights, {self.key}"
        if self.value.startswith(MMDET_PREFIX):
            path = _inside_mmdet(self.value)
            remedy = "give one of mmdet's configs, or the path of another" if not path.is_file() else ""
            return Check(name, path.is_file(), self.value, remedy)
        address = self._address()
        if address is not None:
            return _check_download(name, address)
        if Path(self.value).is_file():
            return Check(name, True, self.value)
        remedy = unset_variable(self.value) or f"get it, or say where it is: --cfg-options {self.key}=PATH"
        return Check(name, False, f"{self.value}: no such file", remedy)

    def _address(self) -> str | None:
        """Where the weights are downloaded from; None where they are a file."""
        if "://" in self.value:
            return import_module("actorsup.checkpoint_file").resolve_address(self.value)
        models = import_module("torchvision.models")
        if self.network not in models.list_models():
            return None
        named = models.get_model_weights(self.network).__members__
        return named[self.value].url if self.value in named else None


def named_weights(settings: Mapping, key: str) -> Iterator[NamedWeights]:
    """Those that the config of a part, or of a part inside it, names; ``key`` is the part's own dotted name."""
    for name, value in settings.items():
        where = f"{key}.{name}"
        if isinstance(value, Mapping):
            yield from named_weights(value, where)
        elif name in KEYS and isinstance(value, str):
            yield NamedWeights(where, value, str(settings.get("name", "vgg16")))


def unset_variable(text: str) -> str:
    """The command that sets the environment variable that a config's path asks for; empty if it asks for none."""
    found = re.search(r"set_the_environment_variable_(\w+)", text)
    return f"export {found[1]}=FOLDER" if found else ""


def _inside_mmdet(value: str) -> Path:
    folder = Path(import_module("mmdet").__file__).parent / ".mim" / "configs"
    return folder / value.removeprefix(MMDET_PREFIX)


def _check_download(name: str, address: str) -> Check:
    file = Path(import_module("torch").hub.get_dir()) / "checkpoints" / address.split("/")[-1]
    if file.is_file():
        return Check(name, True, f"{address}, downloaded")
    found = f"{address}, downloaded at the first use"
    return Check(name, False, found, f"curl --create-dirs --location --output {file} {address}", needed=False)

"""What made a store, in a form that can be compared on any machine."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from actorsup import __version__

# Settings that change where or how fast something is computed, not what.
NEUTRAL_SETTINGS = frozenset({"device", "batch_size"})


class Fingerprint:
    """The settings that made something, without what does not change the result.

    A path of an existing file is replaced by the hash of its content, so that a store moves between machines, and a
    file that changed under its name is noticed.

    Args:
        made_by: settings as plain JSON values, as ``Fingerprint.of`` makes them.
    """

    def __init__(self, made_by: Mapping) -> None:
        self.made_by = json.loads(json.dumps(made_by, sort_keys=True))
        self.digest = hashlib.sha256(json.dumps(self.made_by, sort_keys=True).encode()).hexdigest()

    @classmethod
    def of(cls, **components) -> "Fingerprint":
        """The fingerprint of config dicts, by the name of each component, and of this version of the package."""
        return cls({"actorsup": __version__, **{name: _portable(value) for name, value in components.items()}})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fingerprint) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def differences(self, other: "Fingerprint") -> list[str]:
        """One line for each setting that the other, stored one has differently."""
        ours, theirs = _flatten(self.made_by), _flatten(other.made_by)
        return [
            f"{key}: {theirs.get(key, 'absent')} there, {ours.get(key, 'absent')} here"
            for key in sorted(ours.keys() | theirs.keys())
            if ours.get(key, "absent") != theirs.get(key, "absent")
        ]


def _portable(value):
    if isinstance(value, Mapping):
        return {str(key): _portable(item) for key, item in value.items() if key not in NEUTRAL_SETTINGS}
    if isinstance(value, (str, Path)) and Path(value).is_file():
        return f"file {_file_digest(Path(value).resolve())[:16]}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_portable(item) for item in value]
    return str(value) if isinstance(value, Path) else value


@lru_cache
def _file_digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flatten(value, prefix: str = "") -> dict[str, object]:
    if not isinstance(value, Mapping):
        return {prefix: value}
    flat: dict[str, object] = {}
    for key, item in value.items():
        flat |= _flatten(item, f"{prefix}.{key}" if prefix else key)
    return flat

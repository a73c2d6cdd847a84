"""What made a store, in a form that can be compared on any machine."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmengine.config import Config

from actorsup import __version__

# Settings that change where or how fast something is computed, not what.
NEUTRAL_SETTINGS = frozenset({"device", "batch_size"})
# Settings that may be paths of files without a suffix.
FILE_SETTINGS = frozenset({"checkpoint", "config", "weights"})
CONTENT_MARK = " sha256:"


class Fingerprint:
    """The settings that made something, as plain JSON values, without what does not change the result.

    A path of an existing file becomes its name and the hash of its content, so that a store moves between machines, and
    a changed file is noticed.
    """

    def __init__(self, made_by: Mapping) -> None:
        self.made_by = json.loads(json.dumps(made_by, sort_keys=True))

    @classmethod
    def of(cls, **components) -> "Fingerprint":
        """The fingerprint of named config dicts and of this version of the package."""
        return cls({"actorsup": __version__, **_portable(components)})

    def differences(self, stored: "Fingerprint") -> list[str]:
        """One line for each setting that differs in a store.

        A file that the store knows and this machine lacks is compared by name: using stored tubes needs no weights.
        """
        ours, theirs = _flatten(self.made_by), _flatten(stored.made_by)
        return [
            f"{key}: {theirs.get(key, 'absent')} there, {ours.get(key, 'absent')} here"
            for key in sorted(ours.keys() | theirs.keys())
            if not _agree(ours.get(key, "absent"), theirs.get(key, "absent"))
        ]


def _agree(ours, stored) -> bool:
    if ours == stored or not (isinstance(ours, str) and isinstance(stored, str)):
        return ours == stored
    return CONTENT_MARK in stored and CONTENT_MARK not in ours and Path(ours).name == stored.split(CONTENT_MARK)[0]


def _portable(value, key: str = ""):
    if isinstance(value, Mapping):
        return {str(name): _portable(item, name) for name, item in value.items() if name not in NEUTRAL_SETTINGS}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_portable(item) for item in value]
    if not isinstance(value, (str, Path)):
        return value
    path = Path(value)
    if (key in FILE_SETTINGS or path.suffix) and os.path.isfile(path):  # Path.is_file raises on text that is too long
        return f"{path.name}{CONTENT_MARK}{_digest(path, is_config=key == 'config')[:16]}"
    return str(value)


def _digest(path: Path, is_config: bool) -> str:
    """Hash of a file's content; of a config, of what it says with its base files."""
    if is_config and path.suffix == ".py":
        resolved = json.dumps(Config.fromfile(path).to_dict(), sort_keys=True, default=str)
        return hashlib.sha256(resolved.encode()).hexdigest()
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flatten(value, prefix: str = "") -> dict[str, object]:
    if not isinstance(value, Mapping) or (prefix and not value):
        return {prefix: value}
    flat: dict[str, object] = {}
    for key, item in value.items():
        flat |= _flatten(item, f"{prefix}.{key}" if prefix else key)
    return flat

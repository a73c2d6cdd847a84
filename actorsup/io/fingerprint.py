"""What made a store, in a form that can be compared on any machine."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from actorsup import __version__

# Settings that change where or how fast something is computed, not what.
NEUTRAL_SETTINGS = frozenset({"device", "batch_size"})
CONTENT_MARK = " sha256:"


class Fingerprint:
    """The settings that made something, without what does not change the result.

    A path of an existing file becomes its name and the hash of its content, so that a store moves between machines, and
    a file that changed under its name is noticed.

    Args:
        made_by: settings as plain JSON values, as ``Fingerprint.of`` makes them.
    """

    def __init__(self, made_by: Mapping) -> None:
        self.made_by = json.loads(json.dumps(made_by, sort_keys=True))

    @classmethod
    def of(cls, **components) -> "Fingerprint":
        """The fingerprint of config dicts, by the name of each component, and of this version of the package."""
        return cls({"actorsup": __version__, **{name: _portable(value) for name, value in components.items()}})

    def differences(self, stored: "Fingerprint") -> list[str]:
        """One line for each setting that is another in a store.

        A file that the store knows by its content, and that is not on this machine, is compared by its name alone: who
        only uses stored tubes needs no weights of detectors and trackers.
        """
        ours, theirs = _flatten(self.made_by), _flatten(stored.made_by)
        return [
            f"{key}: {theirs.get(key, 'absent')} there, {ours.get(key, 'absent')} here"
            for key in sorted(ours.keys() | theirs.keys())
            if not _agree(ours.get(key, "absent"), theirs.get(key, "absent"))
        ]


def _agree(ours, stored) -> bool:
    if ours == stored:
        return True
    if not (isinstance(ours, str) and isinstance(stored, str)) or CONTENT_MARK in ours:
        return False
    return CONTENT_MARK in stored and Path(ours).name == stored.split(CONTENT_MARK)[0]


def _portable(value):
    if isinstance(value, Mapping):
        return {str(key): _portable(item) for key, item in value.items() if key not in NEUTRAL_SETTINGS}
    if isinstance(value, (str, Path)) and Path(value).is_file():
        return f"{Path(value).name}{CONTENT_MARK}{_file_digest(Path(value).resolve())[:16]}"
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

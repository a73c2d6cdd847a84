"""What changed between the first run of a page and another: numbers, classes, videos and settings."""

import ast
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from actorsup.errors import InputError
from actorsup.io.reading import naming, read_text

from .run import Run, given_class, is_main, true_classes

MAX_CLASSES = 10
MAX_LETTERS = 80  # of the value of a setting
NOT_JUDGED = {"num_proposals"}  # more of them is neither better nor worse
ABSENT = "–"


class Change(NamedTuple):
    """A number of two runs; of all that are judged, more is better."""

    name: str
    before: float
    after: float

    @property
    def difference(self) -> float:
        """What the number gained."""
        return self.after - self.before

    @property
    def verdict(self) -> str:
        """``better``, ``worse``, ``equal``, or nothing where it cannot be said."""
        if self.name in NOT_JUDGED or math.isnan(self.difference):
            return ""
        return "better" if self.difference > 0 else "worse" if self.difference < 0 else "equal"


class Setting(NamedTuple):
    """A setting that differs, by its dotted name."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, eq=False)
class Changes:
    """From one run to another; of what one of them lacks there is nothing."""

    before: str  #: name of the one
    after: str  #: name of the other
    main: list[Change]  #: the main numbers
    others: list[Change]  #: other numbers that differ
    overlap: str | None  #: the column of average precision that ``classes`` compares
    classes: list[Change]  #: those whose average precision changed the most, the largest change first
    fixed: list[str]  #: videos whose class the one gives wrongly and the other right
    broken: list[str]  #: the reverse
    settings: list[Setting] | None  #: None if there is no config of one of them

    @classmethod
    def between(cls, before: Run, after: Run) -> "Changes":
        """Compare two runs."""
        numbers = _changes(*((run.tested or {"metrics": {}})["metrics"] for run in (before, after)))
        overlap, classes = _classes(before, after)
        old, new = _verdicts(before), _verdicts(after)
        return cls(
            before=before.name,
            after=after.name,
            main=[change for change in numbers if is_main(change.name)],
            others=[change for change in numbers if not is_main(change.name) and change.difference],
            overlap=overlap,
            classes=classes,
            fixed=[video for video, is_right in new.items() if is_right and old.get(video) is False],
            broken=[video for video, is_right in new.items() if not is_right and old.get(video) is True],
            settings=_settings(before.folder, after.folder),
        )


def _changes(before: Mapping[str, float], after: Mapping[str, float]) -> list[Change]:
    return [Change(name, value, after[name]) for name, value in before.items() if name in after]


def _classes(before: Run, after: Run) -> tuple[str | None, list[Change]]:
    """At IoU 0.5, or at the first overlap that both have."""
    tables = before.classes, after.classes
    shared = [name for name in (tables[0] or [{}])[0] if name.startswith("AP@") and name in (tables[1] or [{}])[0]]
    if not shared:
        return None, []
    overlap = "AP@0.5" if "AP@0.5" in shared else shared[0]
    changes = _changes(*({row["class"]: row[overlap] for row in table} for table in tables))
    changed = [change for change in changes if change.verdict in ("better", "worse")]
    return overlap, sorted(changed, key=lambda change: -abs(change.difference))[:MAX_CLASSES]


def _verdicts(run: Run) -> dict[str, bool]:
    """Of each video whose class is known and that was classified, whether it was right; none has no class right."""
    entries = (run.predictions or {"videos": ()})["videos"]
    known = [entry for entry in entries if true_classes(entry) and entry["video_scores"] is not None]
    return {entry["video"]: given_class(entry) in true_classes(entry) for entry in known}


def _settings(before: Path, after: Path) -> list[Setting] | None:
    """The settings that differ; the work directory, which always does, is none of them."""
    old, new = _newest_config(before), _newest_config(after)
    if old is None or new is None:
        return None
    names = [name for name in {**old, **new} if name != "work_dir" and old.get(name) != new.get(name)]
    return [Setting(name, _short(old.get(name, ABSENT)), _short(new.get(name, ABSENT))) for name in names]


def _newest_config(folder: Path) -> dict[str, str] | None:
    """The settings of the last run in a work directory, where other programs may lie too; None if it has no config."""
    for path in sorted(folder.glob("*.py"), key=lambda path: path.stat().st_mtime, reverse=True):
        with suppress(InputError):
            return read_settings(path)
    return None


def _short(text: str) -> str:
    return text if len(text) <= MAX_LETTERS else f"{text[: MAX_LETTERS - 1]}…"


def read_settings(path: Path) -> dict[str, str]:
    """The settings in a config that mmengine wrote into a work directory, by dotted name; read, and never run.

    Raises:
        InputError: if it holds anything but plain values under names.
    """
    text = read_text(path)
    with naming(path, InputError):
        try:
            return dict(_leaves({_name(each): _plain(each.value) for each in ast.parse(text).body}))
        except (SyntaxError, ValueError, AttributeError, TypeError, RecursionError, MemoryError) as error:
            raise ValueError("is not a config as mmengine writes them into a work directory") from error


def _name(statement: ast.Assign) -> str:
    (target,) = statement.targets
    return target.id


def _plain(node: ast.expr) -> Any:
    """The value of an expression of plain values, ``dict(name=value)`` and ``dict({"any name": value})``."""
    match node:
        case ast.Call(func=ast.Name(id="dict")):
            return dict(*map(_plain, node.args), **{each.arg: _plain(each.value) for each in node.keywords})
        case ast.Dict():
            return {_plain(key): _plain(value) for key, value in zip(node.keys, node.values, strict=True)}
        case ast.List() | ast.Tuple():
            return [_plain(each) for each in node.elts]
    return ast.literal_eval(node)


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The settings inside a value, by dotted name; a list of plain values is one setting."""
    if isinstance(value, dict) and value:
        inside = value.items()
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        inside = enumerate(value)
    else:
        yield name, repr(value)
        return
    for key, each in inside:
        readable = str(key) if str(key).isprintable() else repr(key)
        yield from _leaves(each, f"{name}.{readable}" if name else readable)

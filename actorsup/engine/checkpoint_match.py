"""Whether a checkpoint belongs to a config's model, and the model with its weights."""

import ast
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import torch
from mmengine.config import Config
from torch import Tensor, nn

from actorsup.errors import InputError
from actorsup.io.checkpoints import different_kinds, read_checkpoint
from actorsup.io.reading import brief
from actorsup.models.exported import SUFFIX
from actorsup.registry import MODELS

from .words import with_words

IDENTIFYING_SETTINGS = ("type", "name", "node")  # tell models apart that have the same parameters
OF_TESTING = ("ranking", "texts")  # parts without weights, which testing may exchange
NUM_LISTED = 5


def trained_model(
    config: Config, checkpoint: str | Path, classes: Sequence[str] | None
) -> tuple[tuple[str, ...], nn.Module]:
    """The names of the classes, and the config's model with the weights of a checkpoint, on the CPU.

    The checkpoint may be a model that ``actorsup export`` wrote as ONNX. ``classes`` are those of the config's dataset,
    None where it does not know them.

    Raises:
        InputError: if there is no such file, it does not fit the config's model, or nobody names the classes.
    """
    path = str(checkpoint)
    if "://" not in path and not Path(path).is_file():
        raise InputError(f"{path}: no such checkpoint; training writes them into its work directory")
    if is_exported(path):
        model = MODELS.build(exported_settings(config, path))
        require_same(model, config.model, classes)
        return model.classes, model
    loaded = read_checkpoint(path, owner="the config's model")
    config = with_words(config, classes or classes_of(loaded))
    with torch.random.fork_rng():
        model = MODELS.build(config.model)
    require_fit(path, loaded, model, config, classes)
    model.load_state_dict(loaded.get("state_dict", loaded))
    classes = classes or classes_of(loaded)
    if classes is None:
        raise InputError(f"{path}: neither the checkpoint nor the config's dataset names the classes")
    if model.head.num_classes != len(classes):
        counts = f"head has {model.head.num_classes} classes, its dataset {len(classes)}"
        raise InputError(f"the config's {counts}; set model.head.num_classes, and train")
    return tuple(classes), model


def is_exported(path: str) -> bool:
    """Whether a file is an exported model that can take the place of a checkpoint, by its name."""
    if path.endswith(".pt2"):
        raise InputError(f"{path}: is a program of torch.export, for programs of your own; export it as {SUFFIX}")
    return path.endswith(SUFFIX)


def exported_settings(config: Config, path: str) -> dict:
    """The config of an exported model in place of the config's own; the steps after it remain."""
    return {"type": "ExportedLocalizer", "file": path, "post_processing": config.model.get("post_processing", ())}


def require_same(model: nn.Module, settings: Mapping, classes: Sequence[str] | None) -> None:
    """Raise ``InputError``, with every difference, unless an ``ExportedLocalizer`` is the model of these settings."""
    differences = [
        *_different_parts(settings, _model_settings(model.metadata["config"]), of_testing=()),
        *_different_classes(classes, model.classes),
    ]
    if differences:
        raise InputError(
            f"{model.file} does not fit the config's model:\n"
            + "\n".join(f"  {line}" for line in differences)
            + "\nGive the config that it was exported with, or export it again with this one."
        )


def require_fit(
    path: str, checkpoint: Mapping, model: nn.Module, config: Config, classes: Sequence[str] | None
) -> None:
    """Raise ``InputError``, with every difference, unless a checkpoint is one of the config's model.

    Compared are names and shapes of the weights, the parts of the model, and the classes in their order (None:
    unknown), as far as the checkpoint keeps them.
    """
    meta = checkpoint.get("meta") or {}
    differences = [
        *_different_parts(config.model, _model_settings(meta.get("cfg"))),
        *_different_classes(classes, classes_of(checkpoint)),
        *_different_weights(model.state_dict(), checkpoint.get("state_dict", checkpoint)),
    ]
    if differences:
        raise InputError(
            f"checkpoint {path} does not fit the config's model:\n"
            + "\n".join(f"  {line}" for line in differences)
            + "\nGive the config that it was trained with, or a checkpoint that this config trained."
        )


def classes_of(checkpoint: Mapping) -> Sequence[str] | None:
    """The names of the classes that a checkpoint was trained on, as it keeps them; None where it does not."""
    classes = ((checkpoint.get("meta") or {}).get("dataset_meta") or {}).get("classes")
    is_list = isinstance(classes, (list, tuple)) and all(isinstance(name, str) for name in classes)
    return classes if classes is None or is_list else [brief(classes)]


def _different_weights(expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    here = {name: tuple(value.shape) for name, value in expected.items()}
    there = {name: tuple(getattr(value, "shape", ())) for name, value in given.items()}
    changed = [name for name in here if name in there and there[name] != here[name]]
    kinds = {
        "of another shape": [f"{name} ({there[name]} there, {here[name]} here)" for name in changed],
        "missing": [name for name in here if name not in there],
        "of another kind": different_kinds(expected, given),
        "not in the model": [name for name in there if name not in here],
    }
    return [
        f"{len(names)} weights {kind}: {', '.join(names[:NUM_LISTED])}{' …' if len(names) > NUM_LISTED else ''}"
        for kind, names in kinds.items()
        if names
    ]


def _different_classes(ours: Sequence[str] | None, theirs: Sequence[str] | None) -> list[str]:
    if ours is None or theirs is None or list(ours) == list(theirs):
        return []
    if len(ours) != len(theirs):
        only = [name for name in theirs if name not in ours] or [name for name in ours if name not in theirs]
        return [f"classes: {len(theirs)} there, {len(ours)} here; not in both: {', '.join(only[:NUM_LISTED])}"]
    index = next(index for index, name in enumerate(ours) if name != theirs[index])
    return [f"classes: class {index} is {theirs[index]} there, {ours[index]} here"]


def _different_parts(ours: Mapping, theirs: Mapping | None, of_testing: Sequence[str] = OF_TESTING) -> list[str]:
    here, there = (_identity(each, of_testing) for each in (ours, ours if theirs is None else theirs))
    return [
        f"model.{key}: {there.get(key, 'absent')} there, {here.get(key, 'absent')} here"
        for key in sorted(here.keys() | there.keys())
        if here.get(key) != there.get(key)
    ]


def _identity(settings: Mapping, of_testing: Sequence[str], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping) and key not in of_testing:
            found |= _identity(value, of_testing, f"{prefix}{key}.")
        elif key in IDENTIFYING_SETTINGS:
            found[f"{prefix}{key}"] = value
    return found


def _model_settings(config_text: str | None) -> Mapping | None:
    """``model`` of a config's text, as mmengine writes it; nothing of it is run."""
    # A text that is no config is none to compare with, whatever ast says of it.
    with suppress(SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        for statement in ast.parse(config_text if isinstance(config_text, str) else "").body:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "model":
                return _literal(statement.value)
    return None


def _literal(node: ast.expr):
    """The value of a literal in which dictionaries may be spelled ``dict(key=…)``."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "dict" and not node.args:
        return {keyword.arg: _literal(keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.Dict):
        keys = (ast.literal_eval(key) for key in node.keys)
        return dict(zip(keys, map(_literal, node.values), strict=True))
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_literal(item) for item in node.elts]
    return ast.literal_eval(node)

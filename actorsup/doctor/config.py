"""What a config needs: data, weights, proposals."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module

from actorsup.errors import InputError
from actorsup.shipped import find_file

from .check import Check, Defect, run_check
from .weights import named_weights, unset_variable


def check_config(path: str, options: Sequence[str] = ()) -> list[Check]:
    """Whether there is what a config names. Of detectors and linkers, the chosen ones are looked at.

    Args:
        path: the config.
        options: settings to replace, ``KEY=VALUE``.
    """
    command = shlex.join([path, *(["--cfg-options", *options] if options else [])])
    try:
        apis = import_module("actorsup.apis.config")
        config = apis.load_config(path, options=apis.parse_options(options))
        recipe = apis.recipe_of(config) if "proposals" in config else None
    except Exception as error:  # a config is a program, and a library can be broken: they raise anything
        exists = find_file(path).is_file()
        remedy = f"fix {path}" if exists else "actorsup config --list  # give one of these, or a file of your own"
        return [Check("config", False, str(error), remedy)]
    checks = [Check("config", True, path)]
    for name in apis.DATALOADERS:
        if config.get(name) is not None:
            remedy = _data_remedy(config[name], name)
            checks.append(run_check(f"data, {name}", lambda name=name: _data(apis, config, name), remedy))
    for name, settings in config.get("sequences", {}).items():
        remedy = _data_remedy(settings, f"sequences.{name}")
        checks.append(run_check(f"data, sequences.{name}", lambda settings=settings: _sequences(settings), remedy))
    parts = {"model": config.get("model", {}), "trackers": config.get("trackers", {})}
    if recipe is not None:
        parts[f"proposals.detectors.{recipe.detector_name}"] = recipe.detector
        parts[f"proposals.linkers.{recipe.linker_name}"] = recipe.linker
    checks += [weights.check() for key, settings in parts.items() for weights in named_weights(settings, key)]
    if recipe is not None:
        remedy = f"actorsup proposals {command}"
        checks.append(run_check("proposals", lambda: _proposals(apis, config, recipe), remedy))
    return checks


def _data_remedy(settings: Mapping, key: str) -> str:
    """What to do where the files of a data set, or of one inside it, are missing."""
    folders = [name for name in _names(settings, key) if name.split(".")[-1] in ("data_root", "root")]
    say = f", or say where it is: --cfg-options {folders[0]}=FOLDER" if folders else ""
    return unset_variable(str(settings)) or f"put there what is missing{say}"


def _names(settings: Mapping, key: str) -> Iterator[str]:
    """Dotted names of all settings, also of those inside."""
    for name, value in settings.items():
        yield f"{key}.{name}"
        if isinstance(value, Mapping):
            yield from _names(value, f"{key}.{name}")


def _data(apis, config, dataloader: str) -> str:
    """How many videos a dataloader has, or samples where it is none of videos; of mmdet's, that the files are there."""
    if "proposals" in config:
        return f"{len(_videos(apis, config, [dataloader]))} videos"
    apis.require_annotation(config, dataloader)
    datasets = import_module("actorsup.registry").DATASETS
    settings = list(apis.dataset_configs(config, [dataloader]))
    if any(datasets.get(each.type) is None for each in settings):
        return "annotation and folders are there"
    return f"{sum(len(datasets.build(each)) for each in settings)} samples"


def _sequences(settings) -> str:
    """How many sequences for trackers a part of a config has."""
    return f"{len(import_module('actorsup.registry').DATASETS.build(settings))} sequences"


def _proposals(apis, config, recipe) -> str:
    try:
        videos = _videos(apis, config, apis.DATALOADERS)
    except InputError as error:
        raise Defect("of videos that are not there, see data") from error
    made = set(recipe.tubes.videos())
    missing = sorted(videos - made)
    if missing:
        raise Defect(f"{recipe.tubes.folder}: {len(missing)} of {len(videos)} videos have none, first {missing[0]}")
    return f"{recipe.tubes.folder}: all of {len(videos)} videos"


def _videos(apis, config, dataloaders) -> set[str]:
    """Names of the videos of dataloaders, whose files are there."""
    datasets = import_module("actorsup.registry").DATASETS
    return {
        name
        for settings in apis.dataset_configs(config, dataloaders)
        for name, _ in datasets.build({**settings, "tube_store": None, "pipeline": []}).videos()
    }

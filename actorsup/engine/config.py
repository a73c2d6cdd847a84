"""Read a config, and find its datasets and proposals."""

import argparse
import copy
import difflib
import inspect
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from unittest import mock

from mmengine.config import Config, ConfigDict, DictAction
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmengine.utils import import_modules_from_strings

from actorsup.errors import InputError, MissingSplitError
from actorsup.installation import find_file, shipped_configs
from actorsup.io.fingerprint import FILE_SETTINGS
from actorsup.proposals import ProposalConfig
from actorsup.registry import DATASETS

DATALOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")
# Steps of a pipeline that need no frames.
WITHOUT_FRAMES = frozenset(
    ["AttachTubes", "AttachWholeFrame", "MergeDuplicates", "DropWeakTubes", "AddTrueTubes", "LabelTubes"]
)
SETTINGS = frozenset(inspect.signature(Runner).parameters) | {"proposals", "features", "frame_cache"}


def load_config(
    path: str | Path, work_dir: str | Path | None = None, options: Mapping | None = None, launcher: str = "none"
) -> Config:
    """Read a config, by its path or the name of one that ships; files that it names are found by ``find_file``.

    Results go into ``work_dir``; None takes the config's ``work_dir``, or ``work_dirs/<name of the config>``.
    ``options`` replace settings, by dotted name. ``launcher`` is of distributed processes, as mmengine names them.
    """
    file = find_config(path)
    config = read_python(file)
    for name in options or ():
        if name.split(".")[0] not in config.keys() | SETTINGS:
            raise InputError(f"--cfg-options {name}: neither {path} nor mmengine's Runner has this setting")
    try:
        config.merge_from_dict(dict(options or {}))
    except (TypeError, KeyError, AttributeError) as error:  # of a setting inside one that has none, or not as many
        raise InputError(f"--cfg-options {' '.join(options)}: cannot be set in {path}: {error}") from error
    _find_shipped_files(config)
    config.work_dir = str(work_dir or config.get("work_dir") or Path("work_dirs") / file.stem)
    config.launcher = launcher
    for name in DATALOADERS:
        if config.get(name) is not None and not config[name].get("num_workers"):
            config[name].persistent_workers = False  # torch refuses them where there are none
    return config


def read_python(file: Path) -> Config:
    """Read a file of Python settings; whatever it raises becomes an ``InputError``.

    A ``_base_`` that is not there, from the file's folder, may be one that ships: ``configs/demo_puppets.py`` is in
    every folder. The modules of ``custom_imports`` may lie beside the file, beside one that it is based on, or in the
    working directory: that folder goes to the end of ``sys.path``, where processes that are started later find them.

    Printed and dumped, its text is not laid out: yapf thinks about that for seconds, at every checkpoint anew.
    """
    folders = [file.resolve().parent]

    def path_of_base(base: str, of: str) -> tuple[str, str | None]:
        path, scope = _path_of_base(base, of)
        folders.append(Path(path).resolve().parent)
        return path, scope

    before = logging.root.manager.disable
    logging.disable(logging.INFO)  # mmengine tells the value of every environment variable that is named
    try:
        with mock.patch.object(Config, "_get_cfg_path", path_of_base):  # mmengine has no other way in
            read = Config.fromfile(file, import_custom_modules=False)
    except Exception as error:
        raise InputError(f"{file}: cannot be read as a config: {type(error).__name__}: {error}") from error
    finally:
        logging.disable(before)
    _import_parts(read, [*folders, Path.cwd()])
    object.__setattr__(read, "_format_python_code", False)  # fromfile's own option is for configs of lazy imports alone
    return read


def _import_parts(config: Config, folders: Sequence[Path]) -> None:
    """Import the modules of ``custom_imports``, which may lie in these folders."""
    if not (settings := config.get("custom_imports")):
        return
    names = [settings.imports] if isinstance(settings.imports, str) else settings.imports
    for name in names:
        top = name.partition(".")[0]
        there = (each for each in folders if (each / f"{top}.py").is_file() or (each / top / "__init__.py").is_file())
        folder = str(next(there, ""))
        if folder and folder not in sys.path:
            sys.path.append(folder)
    try:
        import_modules_from_strings(**settings)
    except ImportError as error:
        raise InputError(
            f"{config.filename}: custom_imports={list(names)}: {error.__context__ or error}. A module of your own is "
            "looked for beside the config, in the working directory, and in the folders of PYTHONPATH"
        ) from error
    except Exception as error:
        raise InputError(f"{config.filename}: custom_imports={list(names)}: {type(error).__name__}: {error}") from error


def _path_of_base(base: str, file: str, of_mmengine: Callable = Config._get_cfg_path) -> tuple[str, str | None]:
    """Where a ``_base_`` of a file is, and mmengine's scope of it."""
    path, scope = of_mmengine(base, file)
    shipped = find_file(base)
    return (str(shipped), scope) if shipped.is_file() and not Path(path).is_file() else (path, scope)


def find_config(name: str | Path) -> Path:
    """The config file of that path, or the one that ships under that name, with or without ``.py``."""
    file = find_file(name)
    if file.is_file():
        return file
    shipped = shipped_configs()
    asked = Path(name).as_posix().removeprefix("configs/").removesuffix(".py")
    if asked in shipped:
        return shipped[asked]
    similar = difflib.get_close_matches(asked, shipped)
    like = f"; similar names: {', '.join(similar)}" if similar else ""
    raise InputError(f"{name}: no such config{like}; `actorsup config --list` shows all that ship")


def parse_options(options: Sequence[str]) -> dict[str, object]:
    """Settings written ``KEY=VALUE``, as mmengine's ``DictAction`` reads them, by dotted name."""
    parsed = argparse.Namespace(settings={})
    read = DictAction(option_strings=[], dest="settings")
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise InputError(f"--cfg-options {option}: expected KEY=VALUE")
        if value.lstrip("'\"[( ").startswith(("dict(", "{")):
            instead = (
                f"give its settings: {key}.name=value" if value[0] in "d{" else "lists of parts go into the config"
            )
            raise InputError(f"--cfg-options {option}: a value is no dict; {instead}")
        try:
            read(None, parsed, [option])
        except (AssertionError, RecursionError) as error:  # mmengine's answer to brackets that it cannot read
            raise InputError(f"--cfg-options {option}: the value cannot be read; lists are (5,5) or [a,b]") from error
    return parsed.settings


def _find_shipped_files(settings: Mapping) -> None:
    for name, value in settings.items():
        if isinstance(value, str) and name in FILE_SETTINGS | {"load_from"} and find_file(value).is_file():
            settings[name] = str(find_file(value))
        for inner in value if isinstance(value, list | tuple) else [value]:
            if isinstance(inner, Mapping):
                _find_shipped_files(inner)


def dataset_configs(config: Config, dataloaders: Sequence[str] = DATALOADERS) -> Iterator[ConfigDict]:
    """The configs of the datasets that dataloaders read, inside wrappers such as ``RepeatDataset``."""
    for name in dataloaders:
        if config.get(name) is not None:
            yield from _inside_wrappers(config[name].dataset)


def _inside_wrappers(dataset: ConfigDict) -> Iterator[ConfigDict]:
    if "dataset" in dataset:
        yield from _inside_wrappers(dataset.dataset)
    elif "datasets" in dataset:
        for part in dataset.datasets:
            yield from _inside_wrappers(part)
    else:
        yield dataset


def plain_dataset(settings: Mapping, **changes):
    """The dataset of a config, without proposals and pipeline, and with these settings changed."""
    return DATASETS.build({**settings, "tube_store": None, "pipeline": [], **changes})


def metainfo_of(settings: Mapping) -> dict:
    """``classes`` and ``actors`` of a dataset; nothing where they are in a file that is not on this machine."""
    try:
        return plain_dataset(settings, lazy_init=True).format.metainfo()
    except InputError:
        return {}


def videos_of(config: Config, dataloaders: Sequence[str] = DATALOADERS) -> dict[str, Path]:
    """The video files of dataloaders, by name; a split that is not there is warned of, if it is not the only one."""
    videos = {}
    for _, _, of_dataset in of_splits_there(config, dataloaders, lambda settings: plain_dataset(settings).videos()):
        videos |= of_dataset
    return videos


def of_splits_there(config: Config, dataloaders: Sequence[str], make: Callable) -> list[tuple[str, ConfigDict, object]]:
    """Name of the dataloader, config of the dataset, and what ``make`` makes of this config, of every dataset.

    One whose split is not there is left out with a warning; ``MissingSplitError`` if none is.
    """
    made, missing = [], []
    for name in dataloaders:
        for settings in dataset_configs(config, [name]):
            try:
                made.append((name, settings, make(settings)))
            except MissingSplitError as error:
                missing.append(error)
    if missing and not made:
        raise missing[0]
    for message in dict.fromkeys(map(str, missing)):
        print_log(f"{message}; its videos are left out", logger="current", level=logging.WARNING)
    return made


def proposal_config_of(config: Config) -> ProposalConfig:
    """How the config's proposals are made; ``InputError`` if it does not say, or its datasets use different readers."""
    if "proposals" not in config:
        raise InputError(f"{config.filename}: has no proposals; is it a part that other configs are based on?")
    readers = [dataset.get("reader") for dataset in dataset_configs(config)]
    if any(reader != readers[0] for reader in readers):
        raise InputError(f"the datasets of a config need one reader, got {readers}")
    return ProposalConfig.from_config(config.proposals, readers[0] if readers else None)


def with_proposals(config: Config) -> Config:
    """The config, in which every dataset without a ``tube_store`` of its own has the one of ``config.proposals``."""
    config = copy.deepcopy(config)
    store = proposal_config_of(config).tubes
    for dataset in dataset_configs(config):
        if dataset.get("tube_store") is None:
            dataset.tube_store = {"folder": str(store.folder), "made_by": store.fingerprint.made_by}
    return config


def with_frame_cache(config: Config) -> Config:
    """The config, whose training videos are decoded once if it has ``frame_cache = dict(root=..., max_gigabytes=50)``.

    ``ReadCachedFrames`` stands for ``DecodeFrames`` and ``ResizeFrames`` then, and they for it where a config that
    training has written gets ``frame_cache=None``.

    Raises:
        InputError: if a setting is wrong or unknown, or the pipeline cannot do with it.
    """
    if "frame_cache" not in config:
        return config
    config, settings = copy.deepcopy(config), config.frame_cache
    for dataset in dataset_configs(config, ["train_dataloader"]):
        dataset.pipeline = list(chain.from_iterable(map(_decoding, dataset.pipeline)))
        if settings is not None:
            dataset.pipeline = _with_cached_frames(dataset.pipeline, _frame_cache_settings(settings))
    return config


def _frame_cache_settings(settings: object) -> dict:
    is_given = isinstance(settings, Mapping) and {"root"} <= settings.keys() <= {"root", "max_gigabytes"}
    if not is_given or not isinstance(settings["root"], str | Path):
        raise InputError(f"frame_cache needs root, a folder, and takes max_gigabytes; got {settings}")
    return {"folder": str(settings["root"]), "max_gigabytes": settings.get("max_gigabytes", 50)}


def _decoding(step: Mapping) -> list[Mapping]:
    """A step, or what ``ReadCachedFrames`` stands for."""
    if _name_of(step) != "ReadCachedFrames":
        return [step]
    return [ConfigDict(type="DecodeFrames"), ConfigDict(type="ResizeFrames", size=step["size"])]


def _with_cached_frames(pipeline: Sequence[Mapping], settings: Mapping) -> list[Mapping]:
    names = [_name_of(step) for step in pipeline]
    wrong = [name for name in ("DecodeFrames", "ResizeFrames") if names.count(name) != 1]
    if not wrong:
        first, last = names.index("DecodeFrames"), names.index("ResizeFrames")
        wrong = [name for name in names[first + 1 : last] if name not in WITHOUT_FRAMES] if first < last else names
    if wrong:
        raise InputError(
            "frame_cache keeps what DecodeFrames and ResizeFrames make, once each, without a step between that takes "
            f"frames; the training pipeline is {', '.join(names)}. --cfg-options frame_cache=None goes without"
        )
    cached = ConfigDict(type="ReadCachedFrames", size=pipeline[last]["size"], **settings)
    return [*pipeline[:first], *pipeline[first + 1 : last], cached, *pipeline[last + 1 :]]


def _name_of(step: Mapping) -> str:
    kind = step["type"]
    return (kind if isinstance(kind, str) else kind.__name__).rpartition(".")[2]


def require_files(config: Config, dataloader: str) -> None:
    """Raise ``InputError`` if what a dataloader reads is missing: quickly, before a Runner begins to write."""
    for dataset in required_datasets(config, dataloader):
        try:
            DATASETS.build({**dataset, "pipeline": [], "lazy_init": True}).require_files()
        except InputError as error:
            file = Path(config.filename or "CONFIG")
            begins = file.read_text(encoding="utf-8").partition("\n\n")[0] if file.is_file() else ""
            has_commands = re.search(r"^#   .*(\bactorsup |tools/)", begins, re.MULTILINE)
            hint = f"\nThe first lines of {file} say which commands come first." if has_commands else ""
            asked = next((name for name, path in shipped_configs().items() if path == file), file)
            raise InputError(str(error).replace("proposals CONFIG", f"proposals {asked}") + hint) from error


def require_annotation(config: Config, dataloader: str) -> None:
    """Raise ``InputError`` if ``ann_file`` or folders of ``data_prefix``, below ``data_root``, are missing locally."""
    missing = []
    for dataset in required_datasets(config, dataloader):
        root = dataset.get("data_root") or ""
        parts = filter(None, (dataset.get("ann_file"), *dataset.get("data_prefix", {}).values()))
        paths = [Path(root) / part for part in parts if "://" not in f"{root}{part}"]
        missing += [str(path) for path in paths if not path.exists()]
    if missing:
        raise InputError(f"{config.filename}: there is no {', no '.join(missing)}; get the data, or give its data_root")


def require_work_dir(config: Config) -> None:
    """Raise ``InputError`` if mmengine's Runner cannot name what it writes into the work directory."""
    work_dir = os.path.abspath(config.work_dir)
    try:
        work_dir.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"--work-dir {work_dir!a}: has bytes that are no UTF-8, and mmengine cannot write such a path; give another"
        ) from error


def required_datasets(config: Config, dataloader: str) -> Iterator[ConfigDict]:
    """The configs of the datasets of a dataloader that a config must have."""
    if config.get(dataloader) is None:
        raise InputError(f"{config.filename}: has no {dataloader}")
    return dataset_configs(config, [dataloader])

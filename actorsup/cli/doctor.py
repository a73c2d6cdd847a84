"""What works here, and how to fix the rest. Imports nothing that could be broken."""

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from actorsup.errors import InputError
from actorsup.installation import build_mmcv_operators, build_operator, find_file, pip_install, unset_variable

from .arguments import CONFIG, add_options, argument, command

OLDEST_PYTHON = (3, 11)
NUM_FRAMES = 5  # of the video that the decoders are tried with
MMDET_PREFIX = "mmdet::"
KEYS = ("config", "checkpoint", "weights")


@command("doctor", argument("config", nargs="?", help=f"{CONFIG}, to look at what it needs"), add_options)
def doctor(arguments: argparse.Namespace) -> int:
    """Check what works here, and how to fix the rest.

    It looks at libraries, operators and video decoders, and at what a config needs: data, weights, proposals. For each
    thing that does not work, it prints the command that fixes it. The exit code is 1 if one of them is needed.
    """
    checks = check_environment()
    print_checks("environment", checks)
    if arguments.config is not None:
        of_config = check_config(arguments.config, arguments.cfg_options)
        print_checks(arguments.config, of_config)
        checks += of_config
    return 1 if any(check.needed and not check.works for check in checks) else 0


class Check(NamedTuple):
    """Whether something works."""

    name: str
    works: bool
    found: str
    remedy: str = ""  # the command or step that fixes it
    needed: bool = True  # whether something that the package is for fails without it


def run_check(name: str, find: Callable[[], str], remedy: str, needed: bool = True) -> Check:
    """A check by a function that says what it found, or raises."""
    try:
        return Check(name, True, find(), needed=needed)
    except Exception as error:  # whatever is broken raises what it likes
        found = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
        return Check(name, False, found, remedy, needed)


def print_checks(title: str, checks: Sequence[Check]) -> None:
    """Print what was found, and below it what to do."""
    marks = ["ok" if check.works else "FAILS" if check.needed else "missing" for check in checks]
    width = max(len(check.name) for check in checks)
    print(title)
    for mark, check in zip(marks, checks, strict=True):
        print(f"  {mark:<7}  {check.name:<{width}}  {check.found}")
    for mark, check in zip(marks, checks, strict=True):
        if not check.works:
            print(f"{check.name} ({mark if check.needed else 'not needed'}):\n    {check.remedy}")


def check_environment() -> list[Check]:
    """Interpreter, libraries, operators, GPU and video decoders."""
    torch = pip_install("torch", "torchvision")
    openmmlab = pip_install("onedl-mmengine", "onedl-mmcv", "onedl-mmdetection")
    opencv = pip_install("opencv-contrib-python-headless", options="--force-reinstall --no-deps")

    def library(module: str, install: str, name: str | None = None, needed: bool = True) -> Check:
        return run_check(name or module, lambda: import_module(module).__version__, install, needed)

    return [
        run_check("Python", _python, "python3.11 -m venv .venv  # an environment of a newer Python; install there"),
        *(library(name, torch) for name in ("torch", "torchvision")),
        run_check("GPU", _gpu, "nvidia-smi  # says whether there is one, and whether its driver works", needed=False),
        run_check("operator of actorsup", partial(_operator, "cpu"), build_operator(), needed=False),
        run_check("operator of actorsup, CUDA", partial(_operator, "cuda"), build_operator(cuda=True), needed=False),
        *(library(name, openmmlab) for name in ("mmengine", "mmcv")),
        run_check("operators of mmcv", _mmcv_operators, build_mmcv_operators(), needed=False),
        run_check("non-maximum suppression", _suppression, openmmlab),
        library("mmdet", openmmlab),
        *(library(name, pip_install(name)) for name in ("numpy", "matplotlib", "av")),
        library("PIL", pip_install("pillow")),
        library("cv2", opencv, "OpenCV"),
        run_check("video decoder, .avi MJPG", partial(_decoder, ".avi", "MJPG"), opencv),
        run_check("video decoder, .mp4 mp4v", partial(_decoder, ".mp4", "mp4v"), opencv),
        *(library(name, pip_install(name), f"{name}, for reports", needed=False) for name in ("plotly", "jinja2")),
        library("pandas", pip_install("pandas"), "pandas, for tables", needed=False),
    ]


def _python() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        raise InputError(f"{version}, {'.'.join(map(str, OLDEST_PYTHON))} or later is needed")
    return f"{version}, {sys.executable}"


def _gpu() -> str:
    torch = import_module("torch")
    if not torch.cuda.is_available():
        raise InputError("none that torch can use; everything runs on the CPU")
    if (total := (torch.ones(8, device="cuda") * 2).sum().item()) != 16:  # a driver can be there and run nothing
        raise InputError(f"{torch.cuda.get_device_name()} sums eight twos to {total}")
    return f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"


def _operator(device: str) -> str:
    """Pool a constant map, whose features are that constant."""
    torch, ops, library = map(import_module, ("torch", "actorsup.ops", "actorsup.ops.ops"))
    if device == "cuda":
        if not torch.cuda.is_available():
            return "not needed, there is no GPU"
        if not library.is_compiled_for("cuda"):
            raise InputError("not built; pooling runs in plain PyTorch on the GPU, many times slower")
    if library.UNUSABLE:
        raise InputError(f"{library.UNUSABLE}; pooling runs in plain PyTorch, many times slower")
    features = torch.full((1, 2, 3, 4, 4), 7.0, device=device)
    tubes = torch.tensor([[[8.0, 8.0, 40.0, 40.0]] * 2], device=device)
    video_index = torch.zeros(1, dtype=torch.int64, device=device)
    pooled = ops.actor_roi_pool3d(features, tubes, video_index, (2, 2), 1 / 16, torch.ones(1, 2, device=device))
    if not torch.allclose(pooled, torch.full_like(pooled, 7.0)):
        raise InputError(f"pools a map of sevens to {pooled.flatten().tolist()}")
    return library.build_info()


def _mmcv_operators() -> str:
    with suppress(ModuleNotFoundError):
        if getattr(import_module("mmcv._ext"), "__file__", None) is not None:  # the substitute has none
            return "built"
    raise InputError("not built; few detectors need them, for torchvision has most")


def _suppression() -> str:
    """Suppress one of two equal boxes as mmdet does it."""
    has_substitute = import_module("actorsup.detectors.mmcv_compatibility").provide_mmcv_operators()
    torch, ops = import_module("torch"), import_module("mmcv.ops")
    boxes, scores = torch.tensor([[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 8.0]]), torch.tensor([0.5, 0.9])
    _, kept = ops.nms(boxes, scores, 0.5)
    if kept.tolist() != [1]:
        raise InputError(f"keeps {kept.tolist()} of two equal boxes")
    return "torchvision's" if has_substitute else "mmcv's"


def _decoder(suffix: str, codec: str) -> str:
    """Write a small video and read it back."""
    cv2, numpy, io, tempfile = map(import_module, ("cv2", "numpy", "actorsup.io", "tempfile"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"video{suffix}"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 25, (64, 48))
        if not writer.isOpened():
            raise InputError(f"OpenCV {cv2.__version__} cannot write such a file, to try with")
        for index in range(NUM_FRAMES):
            writer.write(numpy.full((48, 64, 3), 40 * index, numpy.uint8))
        writer.release()
        levels = [frame.mean() for frame in io.open_video(path)]
    if len(levels) != NUM_FRAMES or max(abs(level - 40 * index) for index, level in enumerate(levels)) > 8:
        raise InputError(f"{NUM_FRAMES} frames were written, of brightness 0, 40, …; read were {levels}")
    return f"{NUM_FRAMES} frames written and read"


def check_config(path: str, options: Sequence[str] = ()) -> list[Check]:
    """Whether what a config names is there, with ``KEY=VALUE`` replaced; of detectors and linkers, the chosen ones.

    An option that cannot be read is an ``InputError``.
    """
    try:
        engine = import_module("actorsup.engine.config")
    except Exception as error:  # whatever is broken raises what it likes
        return [Check("config", False, f"{type(error).__name__}: {error}", "fix what fails above")]
    given = engine.parse_options(options)
    try:
        config = engine.load_config(path, options=given)
        proposals = engine.proposal_config_of(config) if "proposals" in config else None
    except Exception as error:  # a config is a program and raises anything
        exists = find_file(path).is_file()
        remedy = f"fix {path}" if exists else "actorsup config --list  # give one of these, or a file of your own"
        return [Check("config", False, str(error), remedy)]
    checks = [Check("config", True, path)]
    for name in engine.DATALOADERS:
        if config.get(name):
            remedy = _data_remedy(config[name], name)
            checks.append(run_check(f"data, {name}", partial(_videos_or_samples, config, name), remedy))
    for name, settings in config.get("sequences", {}).items():
        remedy = _data_remedy(settings, f"sequences.{name}")
        checks.append(run_check(f"data, sequences.{name}", partial(_count, [settings], "sequences"), remedy))
    parts = {"model": config.get("model", {}), "trackers": config.get("trackers", {})}
    if proposals is not None:
        parts[f"proposals.detectors.{proposals.detector_name}"] = proposals.detector
        parts[f"proposals.linkers.{proposals.linker_name}"] = proposals.linker
    checks += [check_weights(*named) for key, settings in parts.items() for named in named_weights(settings, key)]
    if proposals is not None:
        remedy = shlex.join(["actorsup", "proposals", path, *(["--cfg-options", *options] if options else [])])
        checks.append(run_check("proposals", partial(_proposals, config, proposals), remedy))
    return checks


def _videos_or_samples(config, dataloader: str) -> str:
    """The number of a dataloader's videos, or else samples; of mmdet's datasets, whether the files are there."""
    engine = import_module("actorsup.engine.config")
    if "proposals" in config:
        return f"{len(engine.videos_of(config, [dataloader]))} videos"
    engine.require_annotation(config, dataloader)
    settings = list(engine.dataset_configs(config, [dataloader]))
    known = all(engine.DATASETS.get(each.type) for each in settings)
    return _count(settings, "samples") if known else "annotation and folders are there"


def _count(datasets: Sequence[Mapping], what: str) -> str:
    build = import_module("actorsup.registry").DATASETS.build
    return f"{sum(len(build(each)) for each in datasets)} {what}"


def _proposals(config, proposals) -> str:
    try:
        videos = import_module("actorsup.engine.config").videos_of(config)
    except InputError as error:
        raise InputError("of videos that are not there, see data") from error
    store = proposals.tubes
    if missing := sorted(videos.keys() - store.videos()):
        raise InputError(f"{store.folder}: {len(missing)} of {len(videos)} videos have none, first {missing[0]}")
    return f"{store.folder}: all of {len(videos)} videos"


def _data_remedy(settings: Mapping, key: str) -> str:
    """What to do if files of a dataset are missing."""
    folders = [name for name, *_ in _flatten(settings, key) if name.split(".")[-1] in ("data_root", "root")]
    say = f", or say where it is: --cfg-options {folders[0]}=FOLDER" if folders else ""
    unset = unset_variable(str(settings))
    return f"export {unset}=FOLDER" if unset else f"put there what is missing{say}"


def _flatten(settings: Mapping, key: str) -> Iterator[tuple[str, object, Mapping]]:
    """Dotted name, value, and what it stands in, of all settings, also of those inside."""
    for name, value in settings.items():
        yield f"{key}.{name}", value, settings
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{key}.{name}")


def named_weights(settings: Mapping, key: str) -> Iterator[tuple[str, str, str]]:
    """What the settings of the part at the dotted name ``key`` say of weights, as ``check_weights`` takes it."""
    for name, value, part in _flatten(settings, key):
        if name.split(".")[-1] in KEYS and isinstance(value, str):
            yield name, value, str(part.get("name", "vgg16"))


def check_weights(key: str, value: str, network: str) -> Check:
    """Whether weights are there; nothing is downloaded now.

    ``value`` is a file, an address, or torchvision's name of weights of its ``network``.
    """
    name, found, file = f"weights, {key}", value, Path(value)
    unset = unset_variable(value)
    remedy = (
        f"export {unset}={'FILE' if value.endswith(unset) else 'FOLDER'}"
        if unset
        else f"get it, or say where it is: --cfg-options {key}=PATH"
    )
    if value.startswith(MMDET_PREFIX):
        file = Path(import_module("mmdet").__file__).parent / ".mim" / "configs" / value.removeprefix(MMDET_PREFIX)
        remedy = "give one of mmdet's configs, or the path of another"
    elif (address := _address(value, network)) is not None:
        file = Path(import_module("torch").hub.get_dir()) / "checkpoints" / address.split("/")[-1]
        if not file.is_file():
            remedy = f"curl --create-dirs --location --output {file} {address}"
            return Check(name, False, f"{address}, downloaded at the first use", remedy, needed=False)
        found = f"{address}, downloaded"
    if file.exists():  # of transformers, a folder
        return Check(name, True, found)
    return Check(name, False, f"{found}: no such file", remedy)


def _address(value: str, network: str) -> str | None:
    """Where weights are downloaded from; None if they are a file."""
    if "://" in value:
        return import_module("actorsup.io.checkpoints").resolve_address(value)
    models = import_module("torchvision.models")
    named = models.get_model_weights(network).__members__ if network in models.list_models() else {}
    return named[value].url if value in named else None

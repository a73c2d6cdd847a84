"""What works here and how the rest is fixed. Imports nothing that could be broken."""

import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from actorsup.errors import InputError
from actorsup.installation import build_mmcv_operators, build_operator, find_file, pip_install


@dataclass(frozen=True)
class Check:
    """What was found.

    Args:
        name: what was looked at.
        works: whether it does.
        found: a version, a number, or what is wrong.
        remedy: the command, or the step, that mends it; empty where it works.
        needed: whether something that the package is for fails without it.
    """

    name: str
    works: bool
    found: str
    remedy: str = ""
    needed: bool = True


class Defect(Exception):  # noqa: N818
    """Found by a check that has its own words for it."""


def run_check(name: str, find: Callable[[], str], remedy: str, needed: bool = True) -> Check:
    """A check by a function that says what it found, or raises."""
    try:
        return Check(name, True, find(), needed=needed)
    except (Defect, InputError) as error:
        return Check(name, False, str(error), remedy, needed)
    except Exception as error:  # whatever is broken raises what it likes
        return Check(name, False, f"{type(error).__name__}: {error}", remedy, needed)


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
            return import_module("actorsup.io.checkpoints").resolve_address(self.value)
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


def check_config(path: str, options: Sequence[str] = ()) -> list[Check]:
    """Whether there is what a config names. Of detectors and linkers, the chosen ones are looked at.

    Args:
        path: the config.
        options: settings to replace, ``KEY=VALUE``.
    """
    command = shlex.join([path, *(["--cfg-options", *options] if options else [])])
    try:
        apis = import_module("actorsup.engine.config")
        config = apis.load_config(path, options=apis.parse_options(options))
        recipe = apis.proposal_config_of(config) if "proposals" in config else None
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


OLDEST_PYTHON = (3, 11)
NUM_FRAMES = 5
OPENCV = "opencv-contrib-python-headless"


def check_environment() -> list[Check]:
    """Interpreter, libraries, operators, GPU and video decoders, the foundations first."""
    install_torch = pip_install("torch", "torchvision")
    install_openmmlab = pip_install("onedl-mmengine", "onedl-mmcv", "onedl-mmdetection")
    install_opencv = pip_install(OPENCV, options="--force-reinstall --no-deps")
    return [
        run_check("Python", _python, "python3.11 -m venv .venv  # an environment of a newer Python; install there"),
        run_check("torch", lambda: _version("torch"), install_torch),
        run_check("torchvision", lambda: _version("torchvision"), install_torch),
        run_check("GPU", _gpu, "nvidia-smi  # says whether there is one, and whether its driver works", needed=False),
        run_check("operator of actorsup", _operator, build_operator(), needed=False),
        run_check("operator of actorsup, CUDA", _operator_on_gpu, build_operator(cuda=True), needed=False),
        run_check("mmengine", lambda: _version("mmengine"), install_openmmlab),
        run_check("mmcv", lambda: _version("mmcv"), install_openmmlab),
        run_check("operators of mmcv", _mmcv_operators, build_mmcv_operators(), needed=False),
        run_check("non-maximum suppression", _suppression, install_openmmlab),
        run_check("mmdet", lambda: _version("mmdet"), install_openmmlab),
        *(
            run_check(name, lambda name=name: _version(name), pip_install(package))
            for name, package in (("numpy", "numpy"), ("matplotlib", "matplotlib"), ("PIL", "pillow"), ("av", "av"))
        ),
        run_check("OpenCV", lambda: _version("cv2"), install_opencv),
        *(
            run_check(f"video decoder, {suffix} {codec}", lambda s=suffix, c=codec: _decoder(s, c), install_opencv)
            for suffix, codec in ((".avi", "MJPG"), (".mp4", "mp4v"))
        ),
        *(
            run_check(f"{name}, for {extra}", lambda name=name: _version(name), pip_install(name), needed=False)
            for name, extra in (("plotly", "reports"), ("jinja2", "reports"), ("pandas", "tables"))
        ),
    ]


def _python() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        raise Defect(f"{version}, {'.'.join(map(str, OLDEST_PYTHON))} or later is needed")
    return f"{version}, {sys.executable}"


def _version(name: str) -> str:
    return import_module(name).__version__


def _gpu() -> str:
    torch = import_module("torch")
    if not torch.cuda.is_available():
        raise Defect("none that torch can use; everything runs on the CPU")
    total = (torch.ones(8, device="cuda") * 2).sum().item()  # a driver can be there and not run anything
    if total != 16:
        raise Defect(f"{torch.cuda.get_device_name()} sums eight twos to {total}")
    return f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"


def _operator() -> str:
    library = import_module("actorsup.ops.ops")
    if library.UNUSABLE:
        raise Defect(f"{library.UNUSABLE}; pooling runs in plain PyTorch, many times slower")
    _pool_on("cpu")
    return library.build_info()


def _operator_on_gpu() -> str:
    torch, library = import_module("torch"), import_module("actorsup.ops.ops")
    if not torch.cuda.is_available():
        return "not needed, there is no GPU"
    if not library.is_compiled_for("cuda"):
        raise Defect("not built; pooling runs in plain PyTorch on the GPU, many times slower")
    _pool_on("cuda")
    return library.build_info()


def _pool_on(device: str) -> None:
    """Pool a constant map, whose features are that constant."""
    torch, ops = import_module("torch"), import_module("actorsup.ops")
    features = torch.full((1, 2, 3, 4, 4), 7.0, device=device)
    tubes = torch.tensor([[[8.0, 8.0, 40.0, 40.0]] * 2], device=device)
    video_index = torch.zeros(1, dtype=torch.int64, device=device)
    pooled = ops.actor_roi_pool3d(features, tubes, video_index, (2, 2), 1 / 16, torch.ones(1, 2, device=device))
    if not torch.allclose(pooled, torch.full_like(pooled, 7.0)):
        raise Defect(f"pools a map of sevens to {pooled.flatten().tolist()}")


def _mmcv_operators() -> str:
    try:
        extension = import_module("mmcv._ext")
    except ModuleNotFoundError:
        extension = None
    if getattr(extension, "__file__", None) is None:  # the substitute has none
        raise Defect("not built; one-stage detectors do not need them, two-stage and deformable ones do")
    return "built"


def _suppression() -> str:
    """Suppress one of two equal boxes as mmdet does it."""
    has_substitute = import_module("actorsup.detectors.mmcv_compatibility").provide_mmcv_operators()
    torch, ops = import_module("torch"), import_module("mmcv.ops")
    boxes, scores = torch.tensor([[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 8.0]]), torch.tensor([0.5, 0.9])
    _, kept = ops.nms(boxes, scores, 0.5)
    if kept.tolist() != [1]:
        raise Defect(f"keeps {kept.tolist()} of two equal boxes")
    return "torchvision's" if has_substitute else "mmcv's"


def _decoder(suffix: str, codec: str) -> str:
    """Write a small video and read it back."""
    cv2, numpy, io = import_module("cv2"), import_module("numpy"), import_module("actorsup.io")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"video{suffix}"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 25, (64, 48))
        if not writer.isOpened():
            raise Defect(f"OpenCV {cv2.__version__} cannot write such a file, to try with")
        for index in range(NUM_FRAMES):
            writer.write(numpy.full((48, 64, 3), 40 * index, numpy.uint8))
        writer.release()
        levels = [frame.mean() for frame in io.open_video(path)]
    if len(levels) != NUM_FRAMES or max(abs(level - 40 * index) for index, level in enumerate(levels)) > 8:
        raise Defect(f"{NUM_FRAMES} frames were written, of brightness 0, 40, …; read were {levels}")
    return f"{NUM_FRAMES} frames written and read"


def print_checks(title: str, checks: Sequence[Check]) -> None:
    """Print a table of what was found, and below it what to do."""
    marks = [_mark(check) for check in checks]
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:  # it is one of the things that can be missing
        print(title)
        for mark, check in zip(marks, checks, strict=True):
            print(f"  {mark:<8}  {check.name}: {check.found}")
    else:
        styles = {"ok": "green", "missing": "yellow", "FAILS": "bold red"}
        table = Table(title=title, title_justify="left", show_lines=False)
        for column in ("", "what", "found"):
            table.add_column(column, overflow="fold")
        for mark, check in zip(marks, checks, strict=True):
            table.add_row(Text(mark, styles[mark]), Text(check.name), Text(check.found))
        console = Console()
        if not console.is_terminal:
            console.width = 160  # a pipe or a file has no width that a table must be cut to
        console.print(table)
    for mark, check in zip(marks, checks, strict=True):
        if not check.works:
            print(f"{check.name} ({mark if check.needed else 'not needed'}):\n    {check.remedy}")


def _mark(check: Check) -> str:
    if check.works:
        return "ok"
    return "FAILS" if check.needed else "missing"

"""What ships with the package, and commands that install or build what it needs. Imports nothing heavy."""

import json
import re
import shlex
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

from .errors import InputError

PACKAGE = Path(__file__).parent
IN_WHEEL = PACKAGE / ".mim"  # setup.py puts configs and tools there, as OpenMMLab's packages do
PIP = f"{sys.executable} -m pip install"
# Without --no-cache-dir, pip would take what it built for another torch, or without operators.
BUILD_AGAIN = "--no-deps --force-reinstall --no-cache-dir"


def pip_install(*names: str, options: str = "") -> str:
    """The command that installs packages in the versions that this package declares."""
    return " ".join(filter(None, (PIP, options, *(shlex.quote(_requirement(name)) for name in names))))


def build_operator(cuda: bool = False) -> str:
    """The command that builds the package's own operator, and fails if it cannot."""
    installed = _distribution()
    origin = json.loads((installed and installed.read_text("direct_url.json")) or "{}")
    source = shlex.quote(unquote(urlparse(origin["url"]).path)) if "dir_info" in origin else "FOLDER_OF_A_CLONE"
    editable = "--editable " if origin.get("dir_info", {}).get("editable") else ""
    return f"ACTORSUP_REQUIRE_OPS=1 {'FORCE_CUDA=1 ' if cuda else ''}{PIP} {BUILD_AGAIN} {editable}{source}"


def build_mmcv_operators() -> str:
    """The commands that build mmcv with its operators: beside torch, so without build isolation."""
    build_tools = f"{PIP} setuptools wheel packaging ninja"
    return f"{build_tools} && {pip_install('onedl-mmcv', options=f'--no-build-isolation {BUILD_AGAIN}')}"


def unset_variable(path: str) -> str:
    """The environment variable that a path of a config asks for and that is not set; empty if it asks for none."""
    found = re.search(r"set_the_environment_variable_([A-Z_]+)", path)
    return found[1] if found else ""


def _distribution():
    from importlib.metadata import PackageNotFoundError, distribution  # as slow as all the rest of `actorsup --help`

    try:
        return distribution("actorsup")
    except PackageNotFoundError:
        return None


def _requirement(name: str) -> str:
    """``name`` with the versions that are declared for it; the name alone where none are."""
    installed = _distribution()
    declared = (text.split(";")[0].strip() for text in (installed.requires if installed else None) or ())
    return next((text for text in declared if re.match(r"[\w.-]+", text)[0] == name), name)


def shipped_folder(name: str) -> Path:
    """The folder of that name that ships: ``"configs"`` or ``"tools"``."""
    for folder in (IN_WHEEL / name, PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise InputError(f"this installation of actorsup in {PACKAGE} has no folder {name}; install actorsup again")


def shipped_configs() -> dict[str, Path]:
    """The configs that ship, by name, as ``detectors/ssd300_inceptionv2_coco``; without what they are based on."""
    folder = shipped_folder("configs")
    names = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.py"))}
    return {name: path for name, path in names.items() if not name.startswith("_base_/")}


def find_file(path: str | Path) -> Path:
    """The file of that path from the working directory or, where there is none, the one that ships under this path.

    What ships has the path that it has in a clone: ``configs/…``, ``tools/…`` and ``actorsup/…/checkpoints/…``. A path
    that is neither is returned as it is.
    """
    path = Path(path)
    if path.exists() or not path.parts or path.parts[0] not in (PACKAGE.name, "configs", "tools"):
        return path
    top, *below = path.parts
    shipped = (PACKAGE if top == PACKAGE.name else shipped_folder(top)).joinpath(*below)
    return shipped if shipped.exists() else path

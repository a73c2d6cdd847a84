"""Commands that install or build what the package needs, in a clone and outside of one. Imports nothing heavy."""

import json
import re
import shlex
import sys
from importlib.metadata import PackageNotFoundError, distribution
from urllib.parse import unquote, urlparse

PIP = f"{sys.executable} -m pip install"
# pip keeps what it builds: without --no-cache-dir it would take what it built for another torch, or without operators.
BUILD_AGAIN = "--no-deps --force-reinstall --no-cache-dir"


def pip_install(*names: str, options: str = "") -> str:
    """The command that installs packages in the versions that this package declares."""
    return " ".join([PIP, *([options] if options else []), *(shlex.quote(_requirement(name)) for name in names)])


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


def _distribution():
    try:
        return distribution("actorsup")
    except PackageNotFoundError:
        return None


def _requirement(name: str) -> str:
    """``name`` with the versions that are declared for it; the name alone where none are."""
    installed = _distribution()
    declared = (text.split(";")[0].strip() for text in (installed.requires if installed else None) or ())
    return next((text for text in declared if re.match(r"[\w.-]+", text)[0] == name), name)

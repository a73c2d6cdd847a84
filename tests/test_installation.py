import ast
import json
import re
import shlex
import sys
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest

from actorsup import installation
from tests.toy import REPOSITORY


@pytest.fixture
def install(monkeypatch):
    """Sets what the installed distribution says."""

    def install(requires=None, **origin):
        files = {"direct_url.json": json.dumps(origin) if origin else None}
        found = SimpleNamespace(requires=requires, read_text=files.get)
        monkeypatch.setattr("importlib.metadata.distribution", lambda name: found)

    return install


def test_packages_are_installed_in_the_versions_that_are_declared(install):
    install(["torch>=2.8", "onedl-mmcv==2.3.6", "onedl-mmcv-tools==1.0", 'plotly>=6; extra == "report"'])
    command = shlex.split(installation.pip_install("torch", "onedl-mmcv", "plotly", "rich", options="--no-deps"))
    assert command == [
        *(sys.executable, "-m", "pip", "install", "--no-deps"),
        *("torch>=2.8", "onedl-mmcv==2.3.6", "plotly>=6", "rich"),
    ]
    assert "--no-build-isolation" in installation.build_mmcv_operators()


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        ({"url": "file:///a%20clone", "dir_info": {}}, ["/a clone"]),
        ({"url": "file:///clone", "dir_info": {"editable": True}}, ["--editable", "/clone"]),
        ({"url": "file:///actorsup.whl", "archive_info": {}}, ["FOLDER_OF_A_CLONE"]),
        ({}, ["FOLDER_OF_A_CLONE"]),
    ],
)
def test_the_operator_is_built_where_the_package_was_installed_from(install, origin, source):
    install(**origin)
    command = shlex.split(installation.build_operator())
    assert command[0] == "ACTORSUP_REQUIRE_OPS=1"
    assert command[command.index("--no-cache-dir") + 1 :] == source
    assert "FORCE_CUDA=1" in shlex.split(installation.build_operator(cuda=True))


def test_without_an_installation_names_are_given_without_versions(monkeypatch):
    def distribution(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.distribution", distribution)
    assert installation.pip_install("torch").endswith("install torch")
    assert installation.build_operator().endswith("FOLDER_OF_A_CLONE")


def test_extras_have_names_that_every_pip_finds_and_set_up_installs_what_is_there():
    """A dash or an underscore in a name is one thing to some versions of pip, and two to others, which pass it over."""
    extras = ast.literal_eval(re.search(r"^EXTRAS = (\(.*\))$", (REPOSITORY / "setup.py").read_text(), re.MULTILINE)[1])
    assert all(re.fullmatch("[a-z0-9]+", name) for name in extras)
    assert {f"{name}.txt" for name in extras} <= {path.name for path in (REPOSITORY / "requirements").iterdir()}
    installed = re.search(r"--editable '\.\[(.*)\]'", (REPOSITORY / "Makefile").read_text())[1].split(",")
    assert set(extras) - set(installed) == {"ultralytics"}  # another licence

"""The direction of the imports, and what works without which package."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "actorsup"


def imports_of(room: str) -> set[str]:
    """Absolute names of all modules that the files of a room import."""
    found = set()
    for path in (PACKAGE / room).glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                package = ["actorsup", *path.relative_to(PACKAGE).parent.parts]
                parents = package[: len(package) - node.level + 1] if node.level else []
                found.add(".".join([*parents, *([node.module] if node.module else [])]))
    assert found, f"{room} imports nothing: is the folder there?"
    return found


@pytest.mark.parametrize("room", ["models", "datasets", "evaluation"])
@pytest.mark.parametrize("maker", ["detectors", "trackers", "linkers", "proposals", "engine", "apis", "cli"])
def test_what_uses_tubes_does_not_know_who_makes_them(room, maker):
    assert not any(name.startswith(f"actorsup.{maker}") for name in imports_of(room))


@pytest.mark.parametrize(
    "room", [path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name[0] not in "._"]
)
def test_nothing_imports_the_command(room):
    assert room == "cli" or not any(name.startswith("actorsup.cli") for name in imports_of(room))


def test_nothing_but_the_commands_imports_what_is_synthetic():
    statement = re.compile(r"^\s*(from|import)\b.*\bsynthetic\b", re.MULTILINE)
    files = [path for path in PACKAGE.glob("**/*.py") if statement.search(path.read_text())]
    assert {path.relative_to(PACKAGE).parts[0] for path in files} - {"synthetic"} == {"cli"}


def test_drawing_a_world_needs_neither_torch_nor_mmengine():
    code = "import sys, actorsup.synthetic; sys.exit(', '.join({'torch', 'mmengine', 'mmcv'} & sys.modules.keys()))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert output.stderr.strip() == ""


def test_datasets_hold_videos_and_trackers_keep_what_they_are_trained_on():
    from actorsup.datasets import AnnotatedVideos
    from actorsup.registry import DATASETS
    from actorsup.trackers.training_data import PairDataset, SequenceSource

    DATASETS.import_from_location()
    ours = [found for found in DATASETS.module_dict.values() if found.__module__.startswith("actorsup.")]
    assert {"AnnotatedVideos", "SequenceFolder", "GeneratedPairs"} <= {found.__name__ for found in ours}
    for found in ours:
        in_datasets = found.__module__.startswith("actorsup.datasets.")
        assert issubclass(found, AnnotatedVideos if in_datasets else (PairDataset, SequenceSource)), found


@pytest.mark.parametrize("room", ["structures", "ops", "io"])
def test_the_foundations_know_no_other_room(room):
    allowed = {f"actorsup.{name}" for name in ("structures", "errors", "installation", "registry", room)} | {"actorsup"}
    ours = {name for name in imports_of(room) if name.split(".")[0] == "actorsup"}
    assert all(any(name == one or name.startswith(f"{one}.") for one in allowed) for name in ours), ours


@pytest.mark.parametrize("room", [path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name[0] != "_"])
def test_mmdet_is_imported_by_the_detector_alone(room):
    assert any(name.split(".")[0] == "mmdet" for name in imports_of(room)) == (room == "detectors")


def test_training_and_evaluation_import_without_mmdet_and_compiled_operators():
    code = """
import sys
for name in ("mmdet", "mmcv.ops"):
    sys.modules[name] = None  # importing it raises ImportError
import actorsup.apis, actorsup.datasets.transforms, actorsup.evaluation.metrics, actorsup.models, actorsup.visualization
import actorsup.detectors, actorsup.engine
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert output.returncode == 0, output.stderr


def test_importing_the_package_imports_nothing_heavy():
    code = """
import sys
import actorsup
heavy = {"torch", "mmengine", "mmcv", "mmdet", "torchvision", "matplotlib", "cv2", "pandas", "scipy", "PIL", "rich"}
sys.exit(", ".join(heavy & sys.modules.keys()))
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert output.stderr.strip() == ""


def test_a_missing_mmdet_is_named_with_the_remedy(monkeypatch):
    from actorsup.detectors import ActorDetector
    from actorsup.errors import InputError

    monkeypatch.setitem(sys.modules, "mmdet", None)
    with pytest.raises(InputError, match="make setup"):
        ActorDetector("mmdet::yolox/yolox_nano_8xb8-300e_coco.py", "absent.pth")

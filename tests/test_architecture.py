"""The direction of the imports, and what works without which package."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "actorsup"


FOUNDATIONS = {"registry", "errors", "device", "installation", "progress"}
# What each package may import beside these: all arrows point down the flow of docs and CONTRIBUTING.
ALLOWED = {
    "structures": set(),
    "ops": set(),
    "io": {"structures"},
    "models": {"structures", "ops", "io"},
    "datasets": {"structures", "io"},
    "evaluation": {"structures"},
    "visualization": {"structures", "io", "evaluation"},
    "detectors": {"structures", "io", "models"},
    "trackers": {"structures", "ops", "io", "models", "datasets"},
    "linkers": {"structures"},
    "proposals": {"structures", "io", "linkers"},
    "engine": {
        *("structures", "io", "models", "datasets", "evaluation", "visualization"),
        *("detectors", "trackers", "proposals"),
    },
    "apis": {"structures", "io", "datasets", "visualization", "proposals", "engine"},
    "synthetic": {"structures", "io", "datasets", "visualization", "trackers", "engine"},
    "cli": {"datasets", "visualization", "engine", "apis", "synthetic"},
}


def imports_of(package: str) -> set[str]:
    """Absolute names of all modules that the files of a package import."""
    found = set()
    for path in (PACKAGE / package).glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                inside = ["actorsup", *path.relative_to(PACKAGE).parent.parts]
                parents = inside[: len(inside) - node.level + 1] if node.level else []
                found.add(".".join([*parents, *([node.module] if node.module else [])]))
    assert found, f"{package} imports nothing: is the folder there?"
    return found


def test_every_package_has_its_place():
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name[0] not in "._"} == ALLOWED.keys()


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_point_one_way(package):
    ours = {name.split(".")[1] for name in imports_of(package) if name.startswith("actorsup.")}
    assert ours <= FOUNDATIONS | ALLOWED[package] | {package}


def test_drawing_a_world_needs_neither_torch_nor_mmengine():
    code = "import sys, actorsup.synthetic; sys.exit(', '.join({'torch', 'mmengine', 'mmcv'} & sys.modules.keys()))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert output.stderr.strip() == ""


def test_datasets_hold_videos_and_trackers_keep_what_they_are_trained_on():
    from actorsup.datasets import AnnotatedVideos, StoredFeatures
    from actorsup.registry import DATASETS
    from actorsup.trackers.training_data import PairDataset, SequenceSource

    DATASETS.import_from_location()
    ours = [found for found in DATASETS.module_dict.values() if found.__module__.startswith("actorsup.")]
    assert {"AnnotatedVideos", "SequenceFolder", "GeneratedPairs"} <= {found.__name__ for found in ours}
    for found in ours:
        in_datasets = found.__module__.startswith("actorsup.datasets.")
        allowed = (AnnotatedVideos, StoredFeatures) if in_datasets else (PairDataset, SequenceSource)
        assert issubclass(found, allowed), found


@pytest.mark.parametrize("package", ALLOWED)
def test_mmdet_is_imported_by_the_detectors_alone(package):
    assert any(name.split(".")[0] == "mmdet" for name in imports_of(package)) == (package == "detectors")


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
